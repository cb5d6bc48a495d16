using System.Globalization;

namespace AIInfra.Core.Devices;

/// <summary>A PCI function, normalised to how sysfs writes it: four-digit lower-case domain, <c>0000:3b:00.0</c>.</summary>
/// <remarks>NVML prints an eight-digit domain (<c>00000000:3B:00.0</c>), the kernel log leaves out the function or the domain.</remarks>
public static class PciAddress
{
    /// <summary>Accepts <c>[domain:]bus:device[.function]</c> in hexadecimal; a domain has 4 to 8 digits. Null when it is none of these.</summary>
    public static string? Normalise(ReadOnlySpan<char> text)
    {
        var function = 0u;
        var dot = text.LastIndexOf('.');
        if (dot >= 0)
        {
            if (!Hex(text[(dot + 1)..], 1, 1, out function) || function > 7)
                return null;
            text = text[..dot];
        }
        Span<Range> parts = stackalloc Range[4];
        var count = text.Split(parts, ':');
        var domain = 0u;
        if (count is not (2 or 3)
            || (count == 3 && !Hex(text[parts[0]], 4, 8, out domain))
            || !Hex(text[parts[count - 2]], 2, 2, out var bus)
            || !Hex(text[parts[count - 1]], 2, 2, out var device) || device > 31)
            return null;
        return string.Create(CultureInfo.InvariantCulture, $"{domain:x4}:{bus:x2}:{device:x2}.{function}");
    }

    private static bool Hex(ReadOnlySpan<char> digits, int least, int most, out uint value)
    {
        value = 0;
        return digits.Length >= least && digits.Length <= most
            && uint.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }
}
