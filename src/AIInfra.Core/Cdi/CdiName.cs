namespace AIInfra.Core.Cdi;

/// <summary>The names of the Container Device Interface: <c>vendor/class=device</c>.</summary>
public static class CdiName
{
    public static string Qualified(string kind, string device) => $"{kind}={device}";

    /// <summary>As the field names the file of a kind: <c>vendor.com-class.json</c>.</summary>
    public static string FileOf(string kind) => $"{kind.Replace('/', '-')}.json";

    /// <summary>What is wrong with a kind, to complete "KIND is not a CDI kind: …"; null when it is fine.</summary>
    public static string? FaultOfKind(string kind)
    {
        if (kind.Split('/') is not [var vendor, var @class])
            return "it needs a vendor, one slash and a class, as in vendor.com/gpu";
        return FaultOfPart(vendor, "vendor") ?? FaultOfPart(@class, "class");
    }

    /// <summary>What is wrong with a device's name, to complete "NAME is not a CDI device: …"; null when it is fine.</summary>
    public static string? FaultOfDevice(string name) =>
        name.Length == 0 ? "it is empty"
        : !char.IsAsciiLetterOrDigit(name[0]) || !char.IsAsciiLetterOrDigit(name[^1]) ? "it must begin and end with a letter or digit"
        : name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-' or '.' or ':') ? null
        : "it may have letters, digits, '_', '-', '.' and ':'";

    /// <summary>Widely used readers fail on a part of one letter, so two are asked for.</summary>
    private static string? FaultOfPart(string part, string what) =>
        part.Length < 2 ? $"its {what} has {part.Length} characters; at least 2 are needed"
        : !char.IsAsciiLetter(part[0]) || !char.IsAsciiLetterOrDigit(part[^1]) ? $"its {what} must begin with a letter and end with a letter or digit"
        : part.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-' or '.') ? null
        : $"its {what} may have letters, digits, '_', '-' and '.'";
}
