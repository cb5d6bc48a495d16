using System.Collections.Immutable;
using AIInfra.Vendors.Simulation;

namespace AIInfra.Agent.Simulation;

/// <summary>The simulated loader of Level Zero on a node whose Intel GPUs are files: both tell of the same GPUs, by their addresses, and of the same faults.</summary>
/// <param name="Library">Its file.</param>
/// <param name="Scenario">Lines behind the one that names the node.</param>
internal sealed record SimulatedLevelZero(string Library, ImmutableArray<string> Scenario)
{
    /// <summary>A node that has no board of its own.</summary>
    public const string Bare = "bare";

    private const string File = "libze_loader.so.1";

    /// <summary>Null when the node has no such GPU, or the simulators are not installed: the GPUs are served by their files alone then.</summary>
    public static SimulatedLevelZero? Of(SimulatedNodeOptions options)
    {
        SimulatedIntelGpu[] gpus = [.. (SimulatedBoards.Of(new SimulatedFiles("/"), options.Node).Boards ?? []).OfType<SimulatedIntelGpu>()];
        if (gpus.Length == 0 || options.Scenario is not null || SimulatorFolder.Find(options.Simulators) is not { } simulators || !Path.Exists(Path.Combine(simulators, File)))
            return null;
        return new SimulatedLevelZero(Path.Combine(simulators, File), [.. gpus.Select(gpu => $"intel add {gpu.Model} {gpu.Address}"), .. FaultsOf(options.Timeline)]);
    }

    private static IEnumerable<string> FaultsOf(string? timeline)
    {
        try
        {
            return timeline is null ? [] : [.. System.IO.File.ReadLines(timeline).Where(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is ["at", _, "intel", _, ..])];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return []; // the timeline's own reader says it
        }
    }
}
