using System.Collections.Immutable;
using AIInfra.Core.Devices;

namespace AIInfra.Core.Labels;

/// <summary>Names what a vendor's devices are in labels of the node, by which pods choose it.</summary>
public interface IFeatureLabels
{
    /// <summary>The vendor whose devices it describes: <see cref="Device.Vendor"/>.</summary>
    string Vendor { get; }

    /// <summary>Blocks on the host's files. Empty when the node has no device of the vendor.</summary>
    /// <returns>Full names, and values as <see cref="LabelValue"/> allows.</returns>
    ImmutableSortedDictionary<string, string> Make(VendorInventory inventory);

    /// <summary>The label that says when the others were made; null for none.</summary>
    string? TimestampName { get; }
}

/// <summary>Labels of the node that are no vendor's devices'.</summary>
public interface INodeLabels
{
    /// <summary>Reads memory only.</summary>
    /// <returns>As of <see cref="IFeatureLabels.Make"/>.</returns>
    ImmutableSortedDictionary<string, string> Make();
}

/// <summary>What Kubernetes takes as the value of a label: at most 63 letters, digits, '-', '_' and '.', a letter or digit at both ends.</summary>
public static class LabelValue
{
    private const int Longest = 63;

    /// <summary>The value nearest to a text: runs of spaces become dashes, other letters that are not allowed are left out.</summary>
    public static string Of(string text)
    {
        var words = new string([.. text.Where(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.' or ' ')]).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var value = string.Join('-', words).Trim('-', '_', '.');
        return value.Length <= Longest ? value : value[..Longest].TrimEnd('-', '_', '.');
    }

    /// <summary>Adds what is known: nothing for null, or where <see cref="Of"/> leaves nothing.</summary>
    public static void AddKnown(this ImmutableSortedDictionary<string, string>.Builder labels, string name, string? value)
    {
        if (value is not null && Of(value) is { Length: > 0 } text)
            labels[name] = text;
    }
}
