using System.Collections.Immutable;

namespace AIInfra.Agent.Simulation;

/// <summary>Which vendors' libraries a simulated node has: it follows from the node's name.</summary>
internal static class SimulatedLibraries
{
    /// <summary>One line a vendor: its key, the library's file, and how the names of its nodes begin.</summary>
    private static ImmutableArray<(string Vendor, string File, ImmutableArray<string> Nodes)> Others { get; } =
    [
        ("ascend", "libdcmi.so", ["ascend", Mixed]),
        ("cambricon", "libcndev.so", ["mlu", Mixed]),
    ];

    private const string Mixed = "mixed";

    private static (string Vendor, string File) Nvidia => ("nvidia", "libnvidia-ml.so.1");

    /// <summary>The lines below <c>vendors:</c>, one for each vendor with a library: those of the node are wanted, the others are switched off.</summary>
    /// <param name="node">Null: the node has no board with a library.</param>
    /// <param name="levelZero">File of the simulated loader; null: the library of this machine, which knows nothing of the simulated GPUs, is kept out.</param>
    public static IEnumerable<string> Lines(string? node, string simulators, string? levelZero, Func<string, string> quote)
    {
        string[] wanted = node is null ? [] : [.. Others.Where(other => other.Nodes.Any(start => node.StartsWith(start, StringComparison.Ordinal))).Select(other => other.Vendor)];
        if (node is Mixed || (node is not null && wanted.Length == 0))
            wanted = [Nvidia.Vendor, .. wanted];
        return Others.Select(other => (other.Vendor, other.File)).Prepend(Nvidia).Select(library => wanted.Contains(library.Vendor)
            ? $"{library.Vendor}: {{ enabled: true, library: {quote(Path.Combine(simulators, library.File))} }}"
            : $"{library.Vendor}: {{ enabled: false }}")
            .Append(levelZero is null ? "intel: { levelZero: false }" : $"intel: {{ levelZero: true, library: {quote(levelZero)} }}");
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
