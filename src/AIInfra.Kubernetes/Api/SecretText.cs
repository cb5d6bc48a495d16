using System.Text;

namespace AIInfra.Kubernetes.Api;

/// <summary>A token, certificate or key: written out in the configuration, or in a file that somebody else renews.</summary>
public sealed class SecretText
{
    private const int LongestFile = 1 << 20;
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly string? _file;
    private string? _text;
    private long _readAt;

    private SecretText(TimeProvider time, string? file, string? text) => (_time, _file, _text) = (time, file, text);

    public static SecretText Of(string text) => new(TimeProvider.System, null, text);

    /// <param name="file">Read when it is asked for, and again after a minute: the kubelet and cert-manager renew such files in place.</param>
    public static SecretText InFile(string file, TimeProvider time) => new(time, file, null);

    /// <summary>Where it stands, for messages; never the secret.</summary>
    public string Place => _file ?? "written in the kubeconfig";

    /// <exception cref="ApiException">The file cannot be read, or is empty.</exception>
    public string Read()
    {
        lock (_gate)
        {
            if (_file is null || (_text is not null && _time.GetElapsedTime(_readAt) < Fresh))
                return _text!;
            _text = ReadFile(_file);
            _readAt = _time.GetTimestamp();
            return _text;
        }
    }

    /// <summary>It was refused: the file is read again at once.</summary>
    /// <returns>True when it holds something else now.</returns>
    public bool Renew()
    {
        lock (_gate)
        {
            if (_file is null)
                return false;
            var before = _text;
            _text = null;
            return Read() != before;
        }
    }

    private static string ReadFile(string file)
    {
        try
        {
            if (new FileInfo(file) is { Exists: true, Length: > LongestFile } large)
                throw new ApiException(ApiFault.Unauthorized, $"{file} has {large.Length:N0} bytes: that is no token, certificate or key. Name the right file.");
            var text = File.ReadAllText(file, Encoding.UTF8).Trim();
            return text.Length > 0 ? text : throw new ApiException(ApiFault.Unauthorized, $"{file} is empty. It is waited for: whoever writes it (kubelet, cert-manager) has not yet, or no longer does.");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ApiException(ApiFault.Unauthorized, $"{file} cannot be read: {fault.Message} It is tried again; mount it, or run the agent as a user that may read it.", fault);
        }
    }
}
