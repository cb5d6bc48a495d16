using System.Globalization;
using AIInfra.Grpc;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.Bench;

/// <summary>What one idle listening gRPC server costs: threads, wake-ups and dirty memory, from the difference between 1 and 51 of them.</summary>
internal static class GrpcServerCost
{
    private const int Servers = 50;
    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(10);

    private readonly record struct Cost(int Threads, double WakeUps, double DirtyKib);

    /// <summary>Prints what, value, baseline (the process before), ratio. Takes about 35 s.</summary>
    public static void Run(TextWriter output) => RunAsync(output).GetAwaiter().GetResult();

    private static async Task RunAsync(TextWriter output)
    {
        var folder = Directory.CreateTempSubdirectory("bench");
        var running = new List<GrpcServer>();
        try
        {
            var none = await MeasureAsync();
            running.Add(await StartAsync(folder, 0));
            var one = await MeasureAsync();
            for (var index = 1; index <= Servers; index++)
                running.Add(await StartAsync(folder, index));
            var many = await MeasureAsync();

            Line("first server, threads", one.Threads - none.Threads, none.Threads);
            Line("first server, wake-ups/s", one.WakeUps - none.WakeUps, none.WakeUps);
            Line("first server, dirty KiB", one.DirtyKib - none.DirtyKib, none.DirtyKib);
            Line("each further server, threads", (double)(many.Threads - one.Threads) / Servers, one.Threads);
            Line("each further server, wake-ups/s", (many.WakeUps - one.WakeUps) / Servers, one.WakeUps);
            Line("each further server, dirty KiB", (many.DirtyKib - one.DirtyKib) / Servers, one.DirtyKib);
        }
        finally
        {
            foreach (var server in running)
                await server.DisposeAsync();
            folder.Delete(recursive: true);
        }

        void Line(string what, double value, double baseline) => output.Row($"grpc: {what}", value, baseline);
    }

    private static Task<GrpcServer> StartAsync(DirectoryInfo folder, int index) => GrpcServer.StartAsync(
        new() { SocketPath = Path.Combine(folder.FullName, $"{index}.sock") }, new GrpcServiceTable(), TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);

    private static async Task<Cost> MeasureAsync()
    {
        GC.Collect();
        await Task.Delay(TimeSpan.FromSeconds(1)); // what starting left behind comes to rest
        var before = WakeUps();
        await Task.Delay(Watched);
        var wakeUps = (WakeUps() - before) / Watched.TotalSeconds;
        return new Cost(Directory.GetDirectories("/proc/self/task").Length, wakeUps, Field("/proc/self/status", "RssAnon:"));
    }

    private static double WakeUps() =>
        Directory.GetDirectories("/proc/self/task").Sum(task => Field(Path.Combine(task, "status"), "voluntary_ctxt_switches:"));

    private static double Field(string file, string name)
    {
        try
        {
            var line = File.ReadLines(file).First(line => line.StartsWith(name, StringComparison.Ordinal));
            return double.Parse(line[name.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0; // a thread that has ended meanwhile
        }
    }
}
