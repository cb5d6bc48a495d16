using AIInfra.Core.VendorHost;

namespace AIInfra.VendorHostChild;

/// <summary>Stands in for a daemon that will be killed: starts a child, lets it hang, and prints the child's process id.</summary>
internal static class StuckParent
{
    internal static async Task<int> RunAsync(string folder)
    {
        var launcher = new VendorHostLauncher("/proc/self/exe", [folder]);
        var client = await VendorHostClient.StartAsync(launcher, "scripted", TimeSpan.FromSeconds(20), TimeProvider.System, CancellationToken.None);
        await client.OpenAsync("libscripted.so.1", TimeSpan.FromSeconds(20), CancellationToken.None);
        var stuck = client.SampleAsync(0, new AIInfra.Core.Sampling.Reading[ScriptedLibrary.Table.Count], TimeSpan.FromMinutes(10), CancellationToken.None);
        await File.WriteAllTextAsync(Path.Combine(folder, "child.tmp"), $"{client.ProcessId}");
        File.Move(Path.Combine(folder, "child.tmp"), Path.Combine(folder, "child"));
        await stuck;
        return 0;
    }
}
