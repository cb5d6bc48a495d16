using System.Diagnostics;
using System.Net.Sockets;
using AIInfra.Linux.KernelLog;
using AIInfra.Testing;

namespace AIInfra.Bench;

/// <summary>What this machine cannot do faster, whoever asks: the figures that the others are held against.</summary>
internal static class PhysicalLimits
{
    private const int Page = 256 << 10, Runs = 20_000, Files = 50;

    public static async Task RunAsync(TextWriter output)
    {
        output.Note("limits: nothing of ours is measured here");
        var (from, to) = (new byte[Page], new byte[Page]);
        Random.Shared.NextBytes(from);
        output.Row($"limits: memcpy of a page of {Page >> 10} KiB, p50, us", Times(Runs, () => from.AsSpan().CopyTo(to)).At(0.5), unit: "us", instructions: Instructions.Of(1000, () => from.AsSpan().CopyTo(to)));
        using (var pair = new SocketPair())
        {
            var echoes = Times(Runs, pair.Echo);
            output.Row("limits: a byte there and back over a unix socket, p50, us", echoes.At(0.5));
            output.Row("limits: a byte there and back over a unix socket, p99, us", echoes.At(0.99));
        }
        Kernel(output);
        var folder = Directory.CreateTempSubdirectory("aiinfra-limits-");
        output.Row("limits: a file of 4 KiB written and synced, p50, ms", Times(Files, () => Sync(Path.Combine(folder.FullName, "file"))).At(0.5) / 1000, unit: "ms");
        folder.Delete(recursive: true);
        await IdleAsync(output);
    }

    /// <summary>Reads the kernel's whole ring again and again, and does nothing with a line.</summary>
    private static void Kernel(TextWriter output)
    {
        if (!Environment.IsPrivilegedProcess || !File.Exists("/dev/kmsg"))
        {
            output.Note("limits: the bare read loop of the kernel log is left out, it needs root");
            return;
        }
        var (lines, before) = (0L, LogCost.ThreadCpuSeconds());
        while (LogCost.ThreadCpuSeconds() - before < 1) // its ticks are hundredths
        {
            using var reader = KernelLogReader.Open("/dev/kmsg");
            while (reader.TryRead(out _))
                lines++;
        }
        output.Row("limits: the kernel log's ring read and dropped, lines/s", lines / (LogCost.ThreadCpuSeconds() - before));
    }

    private static async Task IdleAsync(TextWriter output)
    {
        await using var idle = PeerProcess.Start(Environment.ProcessPath!, ["idle"]);
        await Task.Delay(TimeSpan.FromSeconds(2)); // it starts
        output.Row("limits: an idle process of the runtime, PSS, MB", ProcessTree.Megabytes([idle.Id], "Pss"));
        output.Row("limits: an idle process of the runtime, private dirty, MB", ProcessTree.Megabytes([idle.Id], "Private_Dirty"));
        var before = ProcessTree.ProcessorSeconds([idle.Id]);
        await Task.Delay(TimeSpan.FromSeconds(10));
        output.Row("limits: an idle process of the runtime, % of one core", (ProcessTree.ProcessorSeconds([idle.Id]) - before) * 10);
    }

    private static void Sync(string path)
    {
        using var file = new FileStream(path, FileMode.Create);
        file.Write(new byte[4096]);
        file.Flush(flushToDisk: true);
    }

    /// <returns>Microseconds.</returns>
    private static List<double> Times(int runs, Action action)
    {
        var times = new List<double>(runs);
        for (var run = -runs / 10; run < runs; run++)
        {
            var started = Stopwatch.GetTimestamp();
            action();
            if (run >= 0)
                times.Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds);
        }
        return times;
    }

    /// <summary>Two connected ends; a thread of its own sends back what comes.</summary>
    private sealed class SocketPair : IDisposable
    {
        private readonly Socket _near = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        private readonly Socket _far;
        private readonly Thread _echo;
        private readonly byte[] _one = new byte[1];

        public SocketPair()
        {
            var path = Path.Combine(Path.GetTempPath(), $"aiinfra-limits-{Environment.ProcessId}.sock");
            using (var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
            {
                listener.Bind(new UnixDomainSocketEndPoint(path));
                listener.Listen();
                _near.Connect(new UnixDomainSocketEndPoint(path));
                _far = listener.Accept();
            }
            File.Delete(path);
            _echo = new Thread(() =>
            {
                var one = new byte[1];
                while (_far.Receive(one) == 1)
                    _far.Send(one);
            });
            _echo.Start();
        }

        public void Echo()
        {
            _near.Send(_one);
            _near.Receive(_one);
        }

        public void Dispose()
        {
            _near.Dispose();
            _echo.Join();
            _far.Dispose();
        }
    }
}
