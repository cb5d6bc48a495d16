using AIInfra.Testing;

namespace AIInfra.Bench;

/// <summary>What <c>make package</c> made, as it goes over a network.</summary>
internal static class PackageSize
{
    public static Task RunAsync(TextWriter output)
    {
        var folder = RepositoryRoot.Combine("out", "package");
        var files = Directory.Exists(folder) ? Directory.GetFiles(folder) : [];
        if (files.Length == 0)
            output.Note("package: there is none, run make package");
        foreach (var (name, pattern, budget) in new[] { ("image", ".oci.tar", "60"), ("agent's deb", ".deb", null), ("aggregator's deb", ".deb", null) })
        {
            var start = name.StartsWith("aggregator", StringComparison.Ordinal) ? "aiinfra-aggregator" : "aiinfra-agent";
            foreach (var file in files.Where(file => file.EndsWith(pattern, StringComparison.Ordinal) && Path.GetFileName(file).StartsWith(start, StringComparison.Ordinal)))
                output.Row($"package: {name}, compressed, MB", new FileInfo(file).Length / 1e6, null, budget);
        }
        return Task.CompletedTask;
    }
}
