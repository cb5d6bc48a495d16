using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using AIInfra.Linux.Files;

namespace AIInfra.Core.Health.Probes.Services;

/// <summary>Asks each name server of the node and of the cluster one question by itself: the library's resolver can hang for half a minute.</summary>
internal sealed class DnsProbe(ProbeParts parts) : Probe
{
    private const string Id = "dns.unanswered";
    private const int Port = 53, Tries = 2, MostServers = 8, ServerFailure = 2;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly RootedFiles _root = new(parts.Host.Root.TrimEnd('/') is { Length: > 0 } root ? root : "/");

    /// <summary>Set by tests, which cannot have port 53.</summary>
    internal int ServerPort { get; init; } = Port;

    private sealed record Server(string Address, string Found, string Question, bool IsClusters);

    public static ProbeDefinition Definition { get; } = new(
        "dns", "Each name server of the node's resolv.conf and of the cluster, asked directly.", TimeSpan.FromSeconds(30), parts => new DnsProbe(parts))
    {
        Problems = [Id],
        BadToRaise = 3,
    };

    public override async Task<ProbeRound> LookAsync(CancellationToken cancellationToken)
    {
        var servers = Servers().DistinctBy(server => server.Address).Take(MostServers).ToList();
        if (servers.Count == 0)
            return ProbeRound.Nothing("no name server is configured");
        return ProbeRound.Of(await Task.WhenAll(servers.Select(server => JudgeAsync(server, cancellationToken))));
    }

    private IEnumerable<Server> Servers()
    {
        var kubelet = KubeletFiles.Find(parts.KubeletRoots);
        foreach (var address in kubelet?.ClusterDns ?? [])
            yield return new Server(address, kubelet!.Why, $"kubernetes.default.svc.{kubelet.ClusterDomain}", true);
        foreach (var file in new[] { kubelet?.ResolvConf, "/etc/resolv.conf" }.OfType<string>().Distinct())
        {
            var text = _root.Resolve(file) is { } resolved ? HostText.Read(_root.Here(resolved)) : null;
            foreach (var line in (text ?? "").Split('\n').Where(line => line.StartsWith("nameserver", StringComparison.Ordinal)))
                yield return new Server(line["nameserver".Length..].Trim(), file, "", false);
        }
    }

    private async Task<ProbeResult> JudgeAsync(Server server, CancellationToken cancellationToken)
    {
        var subject = new Subject(SubjectKind.Unit, $"dns {server.Address}");
        var (code, says) = IPAddress.TryParse(server.Address, out var address) ? await AskAsync(address, server.Question, cancellationToken) : (null, "is no IP address");
        var evidence = $"{server.Address} (from {server.Found}): {says}";
        if (code is not null && !(server.IsClusters && code == ServerFailure))
            return ProbeResult.Healthy(Id, subject, evidence);
        return ProbeResult.Problem(Id, subject, Severity.Degraded, Cause.Host, SuggestedAction.Observe,
            $"The name server {server.Address}{(server.IsClusters ? " of the cluster" : "")} {(code is null ? "does not answer" : "answers that it failed")}: programs that look names up wait and fail.", evidence);
    }

    private async Task<(int? Code, string Says)> AskAsync(IPAddress address, string name, CancellationToken cancellationToken)
    {
        var says = "";
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            late.CancelAfter(Patience);
            try
            {
                using var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
                await socket.ConnectAsync(new IPEndPoint(address, ServerPort), late.Token); // only the server's own answers are then taken
                var id = (ushort)Random.Shared.Next(1 << 16);
                await socket.SendAsync(Question(id, name), late.Token);
                var answer = new byte[512];
                while (true)
                {
                    var length = await socket.ReceiveAsync(answer, late.Token);
                    if (length >= 12 && BinaryPrimitives.ReadUInt16BigEndian(answer) == id && (answer[2] & 0x80) != 0)
                        return (answer[3] & 0xf, $"answered with code {answer[3] & 0xf}");
                }
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                says = FormattableString.Invariant($"no answer within {Patience.TotalSeconds} s, {attempt + 1} times");
            }
            catch (SocketException fault)
            {
                says = fault.Message;
            }
        }
        return (null, says);
    }

    /// <summary>One question for the addresses of a name, RFC 1035 section 4; of the empty name for the name servers of the root.</summary>
    private static byte[] Question(ushort id, string name)
    {
        const byte wantsRecursion = 1;
        var message = new List<byte> { (byte)(id >> 8), (byte)id, wantsRecursion, 0, 0, 1, 0, 0, 0, 0, 0, 0 };
        foreach (var label in name.Split('.', StringSplitOptions.RemoveEmptyEntries).Where(label => label.Length < 64))
        {
            message.Add((byte)label.Length);
            message.AddRange(Encoding.ASCII.GetBytes(label));
        }
        message.AddRange([0, 0, (byte)(name.Length == 0 ? 2 : 1), 0, 1]);
        return [.. message];
    }
}
