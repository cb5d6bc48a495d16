using System.Text.Json;

namespace AIInfra.Aggregator.Identity;

/// <summary>A small file that somebody else writes: looked at again a second after the last look. One that cannot be read leaves what was read before. Any thread.</summary>
/// <param name="missing">What a file that is not there holds.</param>
internal sealed class ChangingFile<T>(string path, T missing, Func<string, T> parse, TimeProvider time) where T : notnull
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private object? _value; // null: never read
    private (DateTime Written, long Length)? _state;
    private long? _lookedAt;

    public string Path => path;

    /// <summary>Why it could not be read the last time, in a sentence; null when it could.</summary>
    public string? Fault { get; private set; }

    /// <summary>As it was at most a second ago.</summary>
    public T Current()
    {
        lock (_gate)
        {
            if (_lookedAt is { } at && time.GetElapsedTime(at) < Fresh)
                return _value is T recent ? recent : missing;
            _lookedAt = time.GetTimestamp();
            try
            {
                var file = new FileInfo(path);
                (DateTime, long)? now = file.Exists ? (file.LastWriteTimeUtc, file.Length) : null;
                if (now != _state)
                    (_value, _state) = (Read(), now);
                Fault = null;
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or InvalidDataException)
            {
                Fault = fault.Message;
            }
            return _value is T known ? known : missing;
        }
    }

    /// <summary>It may be another one by now: the next look is not put off.</summary>
    public void Expire()
    {
        lock (_gate)
            _lookedAt = null;
    }

    /// <summary>As it is now.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="InvalidDataException">It cannot be understood.</exception>
    public T Read()
    {
        try
        {
            return File.Exists(path) ? parse(File.ReadAllText(path)) : missing;
        }
        catch (JsonException fault)
        {
            throw new InvalidDataException($"{path} cannot be understood: {fault.Message} Put back a copy of it, or remove it and make what it held anew.", fault);
        }
    }
}
