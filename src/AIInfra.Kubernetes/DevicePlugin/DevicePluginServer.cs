using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using AIInfra.Core.Hosting;
using AIInfra.Grpc;
using Microsoft.Extensions.Logging;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>One start of a plugin's server on a socket file of its own. A name is never used twice: a kubelet that still reads the
/// old socket cannot take the new one for it.</summary>
internal sealed class DevicePluginServer : IServedResource
{
    private const string Prefix = "aiinfra-", Suffix = ".sock";
    private const int LongestPath = 107; // sun_path with its zero, see unix(7)
    private const int LongestLabel = 24;
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(500);

    private readonly GrpcServer _server;
    private readonly string _path;

    private DevicePluginServer(GrpcServer server, string path, Latest<OpenStreams> streams) => (_server, _path, Streams) = (server, path, streams);

    public string Endpoint => Path.GetFileName(_path);
    public Latest<OpenStreams> Streams { get; }

    /// <exception cref="IOException">The folder is missing, read-only or full.</exception>
    public static async Task<DevicePluginServer> StartAsync(
        string folder, string resource, GrpcServiceTable methods, Latest<OpenStreams> streams, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var path = NewPath(folder, resource);
        var server = await GrpcServer.StartAsync(new GrpcServerOptions { SocketPath = path }, methods, time, loggers, cancellationToken);
        return new DevicePluginServer(server, path, streams);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.StopAsync(Grace);
        await _server.DisposeAsync();
        TryDelete(_path);
    }

    /// <summary>Removes the sockets of agents that died without removing them: those on which nobody answers.</summary>
    /// <returns>How many were removed.</returns>
    public static int RemoveStale(string folder)
    {
        if (!Directory.Exists(folder))
            return 0;
        return Directory.EnumerateFiles(folder, $"{Prefix}*{Suffix}").ToArray().Count(path => IsStale(path) && TryDelete(path));
    }

    internal static string NewPath(string folder, string resource)
    {
        var tail = string.Create(CultureInfo.InvariantCulture, $"-{Environment.ProcessId}-{RandomNumberGenerator.GetHexString(10, lowercase: true)}{Suffix}");
        var room = LongestPath - Encoding.UTF8.GetByteCount(folder) - 1 - Prefix.Length - tail.Length;
        if (room < 0)
            throw new IOException($"{folder} is too long for a unix socket in it; kubelet.root must be shorter by {-room} characters");
        var label = string.Concat(resource.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' ? letter : '-').Take(Math.Min(room, LongestLabel)));
        return Path.Combine(folder, Prefix + label + tail);
    }

    private static bool IsStale(string path)
    {
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
            return false;
        }
        catch (SocketException refusal)
        {
            return refusal.SocketErrorCode == SocketError.ConnectionRefused;
        }
    }

    private static bool TryDelete(string path)
    {
        try
        {
            File.Delete(path);
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException) // the folder went, or is read-only
        {
            return false;
        }
    }
}
