using System.Globalization;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;
using AIInfra.Testing;
using AIInfra.Vendors.Ascend;
using AIInfra.Vendors.Cambricon;

namespace AIInfra.Bench;

/// <summary>What a vendor with a library costs, on simulated libraries in the real program as vendor host: memory of its child, time to describe 32 boards, and one round over them.</summary>
internal static class LibraryVendorCost
{
    private const int Boards = 32, Rounds = 100;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    public static async Task RunAsync(TextWriter output)
    {
        output.Note("vendors with a library, simulated; processor time of child and parent together, one round over 32 boards; budget of memory is what the vendor adds");
        await MeasureAsync(output, "cambricon", "libcndev.so", $"node mlu590-8\nmlus {Boards}\n", CambriconFields.Table);
        await MeasureAsync(output, "ascend", "libdcmi.so", $"node ascend910b-8\nnpus {Boards}\n", AscendFields.Table);
    }

    private static async Task MeasureAsync(TextWriter output, string vendor, string file, string scenario, FieldTable fields)
    {
        var program = new[] { "publish", "bin" }.Select(folder => RepositoryRoot.Combine("out", folder, "aiinfra-agent")).MaxBy(File.GetLastWriteTimeUtc)!; // what is shipped, unless the build is newer
        var library = RepositoryRoot.Combine("out", "native", file);
        if (!File.Exists(program) || !File.Exists(library))
        {
            output.Note($"{vendor}: {program} or {library} is not built");
            return;
        }
        var folder = Directory.CreateTempSubdirectory("aiinfra-bench-");
        var path = Path.Combine(folder.FullName, "scenario.txt");
        await File.WriteAllTextAsync(path, scenario);
        var launcher = new VendorHostLauncher(program, []) { Environment = new Dictionary<string, string> { ["AIINFRA_SIM_SCENARIO"] = path, ["AIINFRA_SIM_STATE"] = folder.FullName } };
        using var client = await VendorHostClient.StartAsync(launcher, vendor, Deadline, TimeProvider.System, CancellationToken.None);
        var started = TimeProvider.System.GetTimestamp();
        var info = (await client.OpenAsync(library, Deadline, CancellationToken.None)).Info;
        var readings = new Reading[fields.Count];
        for (var index = 0; index < info.DeviceCount; index++)
            await client.DescribeAsync(index, Deadline, CancellationToken.None);
        output.Row($"{vendor}: opened and {info.DeviceCount} boards described, ms", TimeProvider.System.GetElapsedTime(started).TotalMilliseconds, null, "1500 for all vendors");
        await RoundsAsync(client, info.DeviceCount, readings); // compiled by then
        var (ours, childs) = (Environment.CpuUsage.TotalTime, CpuOf(client.ProcessId));
        await RoundsAsync(client, info.DeviceCount, readings);
        output.Row($"{vendor}: one round over {info.DeviceCount} boards, CPU ms", (Environment.CpuUsage.TotalTime - ours + (CpuOf(client.ProcessId) - childs)).TotalMilliseconds / Rounds, null, "20");
        output.Row($"{vendor}: child's PSS, MB", MegabytesOf(client.ProcessId, "Pss:"), null, "12");
        output.Row($"{vendor}: child's private dirty memory, MB", MegabytesOf(client.ProcessId, "Private_Dirty:"));
        client.Dispose();
        folder.Delete(recursive: true);
    }

    private static async Task RoundsAsync(VendorHostClient client, int boards, Reading[] readings)
    {
        for (var round = 0; round < Rounds; round++)
        {
            for (var index = 0; index < boards; index++)
                await client.SampleAsync(index, readings, Deadline, CancellationToken.None);
        }
    }

    /// <summary>Of utime and stime, proc(5), in hundredths of a second.</summary>
    private static TimeSpan CpuOf(int process)
    {
        var cells = File.ReadAllText($"/proc/{process}/stat").Split(") ")[1].Split(' ');
        return TimeSpan.FromMilliseconds(10 * (long.Parse(cells[11], CultureInfo.InvariantCulture) + long.Parse(cells[12], CultureInfo.InvariantCulture)));
    }

    private static double MegabytesOf(int process, string line) => double.Parse(
        File.ReadLines($"/proc/{process}/smaps_rollup").First(text => text.StartsWith(line, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
}
