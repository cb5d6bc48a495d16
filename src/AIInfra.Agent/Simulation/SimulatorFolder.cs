namespace AIInfra.Agent.Simulation;

/// <summary>Where the simulators of the vendor libraries are installed.</summary>
internal static class SimulatorFolder
{
    /// <summary>The first candidate that holds the player; null when none does.</summary>
    public static string? Find(string? given) =>
        Candidates(given).FirstOrDefault(folder => File.Exists(Path.Combine(folder, "aiinfra-simnode")));

    /// <summary>The given folder alone, or the places of a build and of the package.</summary>
    public static IReadOnlyList<string> Candidates(string? given) => given is not null
        ? [Path.GetFullPath(given)]
        : [Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../native")), "/usr/lib/aiinfra/simulators"];
}
