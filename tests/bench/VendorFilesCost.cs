using System.Collections.Concurrent;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorFiles;
using AIInfra.Core.VendorHost;
using AIInfra.Vendors.Amd;
using AIInfra.Vendors.Generic;
using AIInfra.Vendors.Intel;
using AIInfra.Vendors.Rdma;
using AIInfra.Vendors.Simulation;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.Bench;

/// <summary>What vendors without library cost: one round over 32 devices, and the first one with everything described.</summary>
internal static class VendorFilesCost
{
    private const int Rounds = 50;

    public static async Task RunAsync(TextWriter output)
    {
        output.Note("vendors without library, simulated files in the temporary folder; processor time of the whole process");
        await MeasureAsync(output, "rdma, 32 cards", "ib-hdr-32", host => new RdmaDriver(host), new RdmaRules());
        await MeasureAsync(output, "amd, 32 GPUs", "mi300x-32", host => new AmdDriver(host), new AmdRules());
        await MeasureAsync(output, "intel, 32 GPUs", "max1550-32", host => new IntelDriver(host, TimeProvider.System), new IntelRules(new IntelOptions()));
        var evidence = new ConcurrentDictionary<string, string>();
        await MeasureAsync(output, "generic, 32 edge TPUs", "edgetpu-32", host => new GenericDriver(host, GenericTable.Embedded.Rows, evidence), new GenericRules(evidence));
    }

    private static async Task MeasureAsync(TextWriter output, string what, string node, Func<HostPaths, IFileDriver> driver, IReadingRules rules)
    {
        var folder = Directory.CreateTempSubdirectory("aiinfra-bench-");
        var files = new SimulatedFiles(folder.FullName);
        SimulatedBoards.Write(files, SimulatedBoards.Of(files, node).Boards!.Value);
        var host = new HostPaths { Root = folder.FullName };
        using var health = new HealthBoard(TimeProvider.System, "boot", []);
        using var worker = new FileVendorWorker(
            driver(host), rules, new FileVendorOptions(), new VendorBoards(new InventoryBoard(), new SampleBoard(), health, new WorkerBoard()), StoredInventories.None, host, TimeProvider.System,
            NullLogger<FileVendorWorker>.Instance);

        var started = TimeProvider.System.GetTimestamp();
        await worker.RoundAsync(CancellationToken.None);
        output.Row($"{what}: first round, ms", TimeProvider.System.GetElapsedTime(started).TotalMilliseconds, null, "1500 for all vendors");
        for (var round = 0; round < Rounds; round++)
            await worker.RoundAsync(CancellationToken.None); // compiled by then
        var (used, allocated) = (Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes(precise: true));
        for (var round = 0; round < Rounds; round++)
            await worker.RoundAsync(CancellationToken.None);
        output.Row($"{what}: one round, CPU ms", (Environment.CpuUsage.TotalTime - used).TotalMilliseconds / Rounds, null, "20");
        output.Row($"{what}: allocated a round, KB", (GC.GetTotalAllocatedBytes(precise: true) - allocated) / 1e3 / Rounds);
        folder.Delete(recursive: true);
    }
}
