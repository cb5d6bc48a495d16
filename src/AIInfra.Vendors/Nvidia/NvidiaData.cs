using System.Globalization;

namespace AIInfra.Vendors.Nvidia;

/// <summary>The data files of this vendor inside the program: tab separated, the first line is the head.</summary>
internal static class NvidiaData
{
    /// <summary>The lines after the head.</summary>
    /// <exception cref="InvalidOperationException">The resource is missing: the build is broken.</exception>
    public static IReadOnlyList<string> Lines(string resource)
    {
        using var stream = typeof(NvidiaData).Assembly.GetManifestResourceStream(resource)
            ?? throw new InvalidOperationException($"The resource {resource} is missing from this build.");
        using var text = new StreamReader(stream);
        return [.. text.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1)];
    }

    /// <summary>The codes of <c>11012,11021-11023</c>.</summary>
    public static IEnumerable<int> CodesOf(string codes)
    {
        foreach (var part in codes.Split(','))
        {
            var ends = part.Split('-');
            var first = int.Parse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture);
            for (var code = first; code <= int.Parse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture); code++)
                yield return code;
        }
    }
}
