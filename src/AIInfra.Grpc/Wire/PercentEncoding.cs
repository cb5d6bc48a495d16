using System.Text;

namespace AIInfra.Grpc.Wire;

/// <summary>The text of <c>grpc-message</c>: UTF-8 with everything outside printable ASCII, and the percent sign, as <c>%XX</c>.</summary>
/// <remarks>Source: grpc/grpc doc/PROTOCOL-HTTP2.md, "Percent-Encoded".</remarks>
internal static class PercentEncoding
{
    /// <summary>Longest text sent: peers refuse large header blocks (grpcio from 8 KiB), and the status with them.</summary>
    public const int MaxEncoded = 4096;
    private const string Hex = "0123456789ABCDEF";

    /// <summary>Cut between two characters where the encoded text would be longer than <see cref="MaxEncoded"/>.</summary>
    public static string Encode(string text)
    {
        var encoded = new StringBuilder(text.Length);
        Span<byte> bytes = stackalloc byte[4];
        foreach (var rune in text.EnumerateRunes()) // a lone surrogate comes out as U+FFFD
        {
            var length = rune.EncodeToUtf8(bytes);
            var plain = length == 1 && bytes[0] is >= 0x20 and <= 0x7E and not (byte)'%';
            if (encoded.Length + (plain ? 1 : 3 * length) > MaxEncoded)
                break;
            if (plain)
                encoded.Append((char)bytes[0]);
            else
                foreach (var value in bytes[..length])
                    encoded.Append('%').Append(Hex[value >> 4]).Append(Hex[value & 15]);
        }
        return encoded.ToString();
    }

    /// <summary>Never fails: what is no escape stays as it is, and broken UTF-8 becomes U+FFFD.</summary>
    public static string Decode(string encoded)
    {
        if (!encoded.Contains('%'))
            return encoded;

        var source = Encoding.UTF8.GetBytes(encoded);
        var length = 0;
        for (var at = 0; at < source.Length; length++)
        {
            if (source[at] == '%' && at + 2 < source.Length && char.IsAsciiHexDigit((char)source[at + 1]) && char.IsAsciiHexDigit((char)source[at + 2]))
            {
                source[length] = (byte)((Digit(source[at + 1]) << 4) | Digit(source[at + 2]));
                at += 3;
            }
            else
            {
                source[length] = source[at++];
            }
        }
        return Encoding.UTF8.GetString(source, 0, length);
    }

    private static int Digit(byte hex) => hex <= '9' ? hex - '0' : (hex | 0x20) - 'a' + 10;
}
