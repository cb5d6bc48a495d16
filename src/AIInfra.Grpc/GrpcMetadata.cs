using System.Buffers.Text;

namespace AIInfra.Grpc;

/// <summary>Headers or trailers, in order; names are lower case. A name ending in <c>-bin</c> carries bytes, base64 on the wire.</summary>
public sealed class GrpcMetadata : List<KeyValuePair<string, string>>
{
    private const string BinarySuffix = "-bin";

    public void Add(string name, string value) => Add(new KeyValuePair<string, string>(name, value));

    /// <param name="name">Must end in <c>-bin</c>.</param>
    public void AddBytes(string name, ReadOnlySpan<byte> value)
    {
        if (!IsBinary(name))
            throw new ArgumentException($"The metadata '{name}' is to carry bytes, so its name must end in -bin.", nameof(name));
        Add(name, Convert.ToBase64String(value).TrimEnd('='));
    }

    public string? Find(string name) => this.FirstOrDefault(entry => entry.Key == name).Value;

    /// <summary>The bytes of the first entry of that name, padded or not; null when it is not there or is not base64.</summary>
    public byte[]? FindBytes(string name)
    {
        if (Find(name) is not { } text)
            return null;
        var padded = text.TrimEnd('=');
        padded = padded.PadRight((padded.Length + 3) / 4 * 4, '=');
        return Base64.IsValid(padded) ? Convert.FromBase64String(padded) : null;
    }

    internal static bool IsBinary(string name) => name.EndsWith(BinarySuffix, StringComparison.Ordinal);
}
