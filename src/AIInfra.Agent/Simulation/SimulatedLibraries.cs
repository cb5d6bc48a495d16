using System.Collections.Immutable;

namespace AIInfra.Agent.Simulation;

/// <summary>Which vendor's library a simulated node has: it follows from the node's name.</summary>
internal static class SimulatedLibraries
{
    /// <summary>One line a vendor: its key, the library's file, and how the names of its nodes begin.</summary>
    private static ImmutableArray<(string Vendor, string File, ImmutableArray<string> Nodes)> Others { get; } =
    [
        ("ascend", "libdcmi.so", ["ascend"]),
    ];

    private static (string Vendor, string File) Nvidia => ("nvidia", "libnvidia-ml.so.1");

    /// <summary>The lines below <c>vendors:</c>, one for each vendor with a library: that of the node is wanted, the others are switched off.</summary>
    /// <param name="node">Null: the node has no board with a library.</param>
    public static IEnumerable<string> Lines(string? node, string simulators, Func<string, string> quote)
    {
        var vendor = node is null ? null : Others.FirstOrDefault(other => other.Nodes.Any(start => node.StartsWith(start, StringComparison.Ordinal))).Vendor ?? Nvidia.Vendor;
        return Others.Select(other => (other.Vendor, other.File)).Prepend(Nvidia).Select(library => library.Vendor == vendor
            ? $"{library.Vendor}: {{ enabled: true, library: {quote(Path.Combine(simulators, library.File))} }}"
            : $"{library.Vendor}: {{ enabled: false }}");
    }

    /// <summary>The node that a scenario names; empty where it names none, which is the simulator's default.</summary>
    public static string NodeOf(string scenario)
    {
        try
        {
            return File.ReadLines(scenario).Select(line => line.Split('#')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries)).FirstOrDefault(words => words is ["node", _, ..])?[1] ?? "";
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return ""; // the player says what is wrong with it
        }
    }
}
