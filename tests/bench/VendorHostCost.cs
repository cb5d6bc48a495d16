using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;
using AIInfra.Linux.Processes;

namespace AIInfra.Bench;

/// <summary>What the vendor host costs: time to the first answer, against the same program that starts and ends at once; a round trip, against an echo of the same
/// bytes over the same kind of socket by <c>cat</c>; memory of the child.</summary>
internal static class VendorHostCost
{
    private const int Starts = 15, RoundTrips = 20_000, WarmUp = 5_000;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    /// <summary>Prints a line for each figure: what, value, baseline, ratio. Takes about five seconds.</summary>
    internal static async Task RunAsync(TextWriter output)
    {
        var folder = Directory.CreateTempSubdirectory("vendor-cost-");
        var launcher = new VendorHostLauncher(Path.Combine(AppContext.BaseDirectory, "AIInfra.VendorHostChild"), [folder.FullName]);
        try
        {
            Print(output, "vendor host: start to first answer, median, ms", Median(await StartsAsync(launcher)), Median(await EmptyStartsAsync(launcher)));
            using var client = await OpenAsync(launcher);
            var trips = await RoundTripsAsync(client);
            var echoes = Echoes();
            Print(output, "vendor host: round trip p50, us", At(trips, 0.5), At(echoes, 0.5));
            Print(output, "vendor host: round trip p99, us", At(trips, 0.99), At(echoes, 0.99));
            Print(output, "vendor host: child's PSS, MB", PssMegabytes(client.ProcessId.ToString(CultureInfo.InvariantCulture)), PssMegabytes("self"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<VendorHostClient> OpenAsync(VendorHostLauncher launcher)
    {
        var client = await VendorHostClient.StartAsync(launcher, "scripted", Deadline, TimeProvider.System, CancellationToken.None);
        await client.OpenAsync("none.so", Deadline, CancellationToken.None);
        return client;
    }

    private static async Task<double[]> StartsAsync(VendorHostLauncher launcher)
    {
        var times = new double[Starts];
        for (var i = 0; i < Starts; i++)
        {
            var started = Stopwatch.GetTimestamp();
            using var client = await OpenAsync(launcher);
            times[i] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        }
        return times;
    }

    private static async Task<double[]> EmptyStartsAsync(VendorHostLauncher launcher)
    {
        var folder = Directory.CreateDirectory(Path.Combine(launcher.ArgumentsBefore[0], "empty"));
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "impostor"), "exits");
        var times = new double[Starts];
        for (var i = 0; i < Starts; i++)
        {
            var started = Stopwatch.GetTimestamp();
            var child = (launcher with { ArgumentsBefore = [folder.FullName] }).Start("scripted");
            await child.Exited;
            times[i] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            child.Socket.Dispose();
        }
        return times;
    }

    private static async Task<double[]> RoundTripsAsync(VendorHostClient client)
    {
        var readings = new Reading[3];
        var times = new double[RoundTrips];
        for (var i = -WarmUp; i < RoundTrips; i++)
        {
            var started = Stopwatch.GetTimestamp();
            await client.SampleAsync(0, readings, Deadline, CancellationToken.None);
            if (i >= 0)
                times[i] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
        }
        Array.Sort(times);
        return times;
    }

    private static double[] Echoes()
    {
        var child = ChildProcess.Start("/bin/sh", ["-c", "exec cat <&3 >&3"], []);
        using var socket = child.Socket;
        var bytes = new byte[20];
        var times = new double[RoundTrips];
        for (var i = -WarmUp; i < RoundTrips; i++)
        {
            var started = Stopwatch.GetTimestamp();
            socket.Send(bytes);
            for (var got = 0; got < bytes.Length;)
                got += socket.Receive(bytes, got, bytes.Length - got, SocketFlags.None);
            if (i >= 0)
                times[i] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
        }
        Array.Sort(times);
        return times;
    }

    private static double PssMegabytes(string process) =>
        double.Parse(
            File.ReadLines($"/proc/{process}/smaps_rollup").First(line => line.StartsWith("Pss:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture) / 1024;

    private static double Median(double[] values)
    {
        Array.Sort(values);
        return At(values, 0.5);
    }

    private static double At(double[] sorted, double quantile) => sorted[(int)((sorted.Length - 1) * quantile)];

    private static void Print(TextWriter output, string what, double value, double baseline) =>
        output.Row(what, value, baseline);
}
