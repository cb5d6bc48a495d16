namespace AIInfra.Core.Health.Npd.Logs;

/// <summary>Cuts white space off the ends of a line.</summary>
internal static class Ascii
{
    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text, bool keepLeft = false)
    {
        var (start, end) = (0, text.Length);
        while (!keepLeft && start < end && IsSpace(text[start]))
            start++;
        while (end > start && IsSpace(text[end - 1]))
            end--;
        return text[start..end];
    }

    private static bool IsSpace(byte letter) => letter is (byte)' ' or (>= 9 and <= 13);
}
