namespace AIInfra.Grpc.Wire;

/// <summary>Between HTTP headers and <see cref="GrpcMetadata"/>: which names are the caller's, which the protocol's.</summary>
internal static class MetadataHeaders
{
    /// <summary>Takes a received header over unless the protocol owns it. Byte values that were joined by commas become entries of their own.</summary>
    public static void Receive(GrpcMetadata into, string name, string value)
    {
        var lower = name.ToLowerInvariant();
        if (IsProtocol(lower))
            return;
        if (GrpcMetadata.IsBinary(lower) && value.Contains(','))
            foreach (var part in value.Split(',', StringSplitOptions.TrimEntries))
                into.Add(lower, part);
        else
            into.Add(lower, value);
    }

    /// <summary>What HTTP/2 cannot carry or the protocol owns, in a sentence; null: all can be sent.</summary>
    public static string? Complaint(GrpcMetadata metadata)
    {
        foreach (var (name, value) in metadata)
        {
            if (name.Length == 0 || IsProtocol(name) || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_' or '.'))
                return $"'{name}' cannot be the name of metadata: lower-case letters, digits, '-', '_' and '.', and no name of the protocol's.";
            if (!value.All(c => c is >= ' ' and <= '~'))
                return $"The metadata '{name}' holds a character outside printable ASCII; send it as bytes under a name that ends in -bin.";
        }
        return null;
    }

    private static bool IsProtocol(string lower) =>
        lower[0] == ':' || lower.StartsWith("grpc-", StringComparison.Ordinal) || lower is "content-type" or "content-length" or "te" or "host" or "connection" or "transfer-encoding" or "date";
}
