namespace AIInfra.Testing;

/// <summary>Where the checked-in files lie that a test reads or starts: found upwards from the test's own binary.</summary>
public static class RepositoryRoot
{
    public static string Path { get; } = Find(AppContext.BaseDirectory);

    /// <param name="parts">Relative to the root, e.g. <c>"tests", "peers"</c>.</param>
    public static string Combine(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    private static string Find(string start)
    {
        for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "AIInfra.Agent.sln")))
                return folder.FullName;
        throw new DirectoryNotFoundException($"No AIInfra.Agent.sln above {start}: run the tests from inside the repository.");
    }
}
