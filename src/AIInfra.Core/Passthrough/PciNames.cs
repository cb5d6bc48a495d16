using System.Buffers;
using System.Collections.Frozen;
using AIInfra.Core.Hosting;

namespace AIInfra.Core.Passthrough;

/// <summary>Names of PCI devices, out of the list that distributions carry (pci.ids: vendors at the margin, their devices behind a tab).</summary>
internal static class PciNames
{
    public static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");

    private const int LongestFile = 32 << 20; // bytes; today 1.5 MB

    private static readonly string[] Places = ["usr/share/misc/pci.ids", "usr/share/hwdata/pci.ids", "usr/share/pci.ids", "var/lib/pciutils/pci.ids"];

    /// <summary>Names of the devices asked for. Reads a large file line by line: not for a path that anybody waits for.</summary>
    /// <param name="file">A path on the host; empty: where distributions have it.</param>
    /// <param name="wanted">Ids as in <c>10de:2330</c>, lower case.</param>
    public static FrozenDictionary<string, string> Read(HostPaths host, string file, IReadOnlySet<string> wanted)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        var candidates = file.Length > 0 ? [file.TrimStart('/')] : Places;
        if (candidates.Select(place => Path.Combine(host.Root, place)).FirstOrDefault(File.Exists) is not { } path || wanted.Count == 0)
            return FrozenDictionary<string, string>.Empty;
        try
        {
            if (new FileInfo(path).Length > LongestFile)
                return FrozenDictionary<string, string>.Empty;
            var vendor = "";
            foreach (var line in File.ReadLines(path))
            {
                if (line.Length < 6 || line[0] == '#')
                    continue;
                if (line[0] != '\t')
                    vendor = line[..4];
                else if (line[1] != '\t' && line.Length > 7 && $"{vendor}:{line[1..5]}" is var ids && wanted.Contains(ids))
                    found.TryAdd(ids, line[5..].Trim());
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return FrozenDictionary<string, string>.Empty;
        }
        return found.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
