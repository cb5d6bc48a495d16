using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Hosting;
using AIInfra.Linux.Processes;

namespace AIInfra.Core.VendorHost;

/// <summary>Looks through /proc for who holds a vendor's device nodes. Blocks for some milliseconds, on a host with 10,000 processes for a second.</summary>
/// <param name="prefixes">How further names below /dev begin that count, see <see cref="VendorDefinition.NodePrefixes"/>.</param>
internal sealed class NodeHolders(HostPaths host, string vendor, ImmutableArray<string> prefixes, IEnumerable<string> nodes)
{
    private const int MostOthers = 20;

    private readonly OpenFiles _open = new(host.Proc);
    private readonly HashSet<string> _nodes = nodes.ToHashSet(StringComparer.Ordinal);

    internal ReleaseProof Find(VendorRelease release)
    {
        var processes = Processes();
        var ours = OurProcesses(processes);
        List<NodeHolder> held = [], others = [];
        var unseen = 0;
        foreach (var (id, process) in processes)
        {
            var found = Open(id, process.Program);
            if (found is null)
                unseen++;
            else
                (ours.Contains(id) ? held : others).AddRange(found);
        }
        return new ReleaseProof(release, [.. held], [.. others.Take(MostOthers)], unseen, Math.Max(0, others.Count - MostOthers));
    }

    private Dictionary<int, (int Parent, string Program)> Processes()
    {
        var all = new Dictionary<int, (int, string)>();
        foreach (var folder in Directory.EnumerateDirectories(host.Proc))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id) && ReadStat(folder) is { } stat)
                all[id] = stat;
        }
        return all;
    }

    /// <summary>This process, all that it started, and what an agent before it left behind stuck in the driver.</summary>
    private HashSet<int> OurProcesses(Dictionary<int, (int Parent, string Program)> processes)
    {
        var ours = new HashSet<int> { OwnId() };
        ours.UnionWith(processes.Keys.Where(IsVendorHost));
        while (processes.Where(process => ours.Contains(process.Value.Parent) && ours.Add(process.Key)).ToList().Count > 0)
        {
            // One more generation.
        }
        return ours;
    }

    /// <summary>In the numbers of the host's procfs: in a container they differ from those that this process sees of itself.</summary>
    private int OwnId() =>
        int.TryParse(LinkOf(Path.Combine(host.Proc, "self")), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : Environment.ProcessId;

    private bool IsVendorHost(int id)
    {
        try
        {
            var words = File.ReadAllText(Path.Combine(host.Proc, $"{id}", "cmdline")).Split('\0');
            return words.AsSpan().IndexOf(VendorHostProcess.ArgumentsFor(vendor)) > 0;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Null when it cannot be looked into; empty when it has ended meanwhile.</summary>
    private IEnumerable<NodeHolder>? Open(int id, string program) =>
        _open.Of(id, [$"{host.Dev}/", "/dev/"])?.Where(IsOfVendor).Select(node => new NodeHolder(id, program, node));

    private bool IsOfVendor(string target)
    {
        var name = Below(target, host.Dev) ?? Below(target, "/dev");
        return name is not null && (_nodes.Contains(name) || prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)));
    }

    private static string? Below(string target, string folder) =>
        target.StartsWith(folder, StringComparison.Ordinal) && target.Length > folder.Length && target[folder.Length] == '/' ? target[(folder.Length + 1)..] : null;

    private static string? LinkOf(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>proc(5): <c>id (name) state parent ...</c>; the name may hold anything, brackets too.</summary>
    private static (int Parent, string Program)? ReadStat(string folder)
    {
        try
        {
            var stat = File.ReadAllText(Path.Combine(folder, "stat"));
            var (start, end) = (stat.IndexOf('('), stat.LastIndexOf(')'));
            return start > 0 && end > start && stat[(end + 1)..].Split(' ', 4) is [_, _, var parent, _]
                && int.TryParse(parent, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? (id, stat[(start + 1)..end]) : null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
