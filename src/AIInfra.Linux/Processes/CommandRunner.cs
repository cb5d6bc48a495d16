using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace AIInfra.Linux.Processes;

/// <summary>How a command ended.</summary>
/// <param name="Status">Null when it was not started, or did not end in time.</param>
/// <param name="Output">The beginning of its standard output, at most <see cref="CommandRunner.OutputKept"/> bytes unless more was asked for.</param>
/// <param name="Errors">The same of its standard error.</param>
/// <param name="Refusal">Why it could not be started; null when it was.</param>
/// <param name="Gone">Completes when no process of it is waited for any more. One that is stuck in the kernel cannot be ended.</param>
public sealed record CommandResult(ExitStatus? Status, byte[] Output, byte[] Errors, string? Refusal, Task Gone)
{
    public bool IsTimeout => Status is null && Refusal is null;
}

/// <summary>Runs commands side by side and reads their output, all on one thread of its own, which is started with the first.</summary>
/// <remarks>Each command has a process group; all of it is killed when the time is over, and what is left of it when the command itself has ended.
/// Output beyond what is kept is read and thrown away, so that a talkative command does not block.</remarks>
public sealed class CommandRunner : IDisposable
{
    /// <summary>Bytes that are kept of each stream.</summary>
    public const int OutputKept = 4096;

    private const int Kill = 9, NoHang = 1, WithoutNotice = 20; // ms between looks where the kernel cannot tell of an end
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly ConcurrentQueue<Run> _new = new();
    private readonly List<Run> _runs = [];
    private readonly byte[] _buffer = new byte[64 * 1024];
    private SafeFileHandle? _wake;
    private volatile bool _isOver;

    private sealed class Run(string program, IReadOnlyList<string> arguments, long deadline, int kept, IReadOnlyDictionary<string, string>? environment)
    {
        public string Program => program;
        public IReadOnlyList<string> Arguments => arguments;
        public int Kept => kept;
        public IReadOnlyDictionary<string, string>? Environment => environment;
        public long Deadline { get; set; } = deadline;
        public int Id { get; set; }
        public Stream? Output { get; set; }
        public Stream? Errors { get; set; }
        public SafeFileHandle? Process { get; set; }
        public bool HasEnded { get; set; }
        public TaskCompletionSource<CommandResult> Result { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public TaskCompletionSource Gone { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class Stream(SafeFileHandle pipe, int most)
    {
        private byte[] _kept = new byte[Math.Min(most, OutputKept)];
        private int _length;

        public SafeFileHandle Pipe => pipe;
        public bool IsOpen { get; private set; } = true;
        public byte[] Kept => _kept[.._length];

        public void Read(byte[] buffer)
        {
            // A bounded share of a turn: a command that never stops writing must not keep the others waiting.
            for (var turn = 0; turn < 16; turn++)
            {
                var count = Libc.Read((int)pipe.DangerousGetHandle(), buffer, buffer.Length);
                if (count < 0)
                    return;
                if (count == 0)
                {
                    Close();
                    return;
                }
                var kept = (int)Math.Min(count, most - _length);
                if (_kept.Length - _length < kept)
                    Array.Resize(ref _kept, Math.Min(most, Math.Max(2 * _kept.Length, _length + kept)));
                buffer.AsSpan(0, kept).CopyTo(_kept.AsSpan(_length));
                _length += kept;
            }
        }

        public void Close()
        {
            IsOpen = false;
            pipe.Dispose();
        }
    }

    /// <summary>Starts a program, with this process's environment and folder.</summary>
    /// <param name="program">A path; PATH is not searched.</param>
    /// <param name="arguments">Without the program's own name.</param>
    /// <param name="kept">Bytes of its standard output that are kept.</param>
    /// <param name="environment">Instead of this process's own.</param>
    /// <returns>Completes when it has ended, could not be started, or its time was over.</returns>
    public Task<CommandResult> RunAsync(
        string program, IReadOnlyList<string> arguments, TimeSpan timeout, int kept = OutputKept, IReadOnlyDictionary<string, string>? environment = null)
    {
        var run = new Run(program, arguments, Stopwatch.GetTimestamp() + (long)(timeout.TotalSeconds * Stopwatch.Frequency), kept, environment);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isOver, this);
            if (_wake is null)
            {
                _wake = KernelLog.Native.EventFd(0, KernelLog.Native.NonBlocking | KernelLog.Native.CloseOnExec);
                new Thread(Loop) { IsBackground = true, Name = "commands" }.Start();
            }
            _new.Enqueue(run);
            Wake();
        }
        return run.Result.Task;
    }

    /// <summary>Kills what runs.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isOver = true;
            if (_wake is not null)
                Wake();
        }
    }

    private void Wake() => _ = KernelLog.Native.Write(_wake!, [1, 0, 0, 0, 0, 0, 0, 0], 8);

    private void Loop()
    {
        Span<byte> count = stackalloc byte[8];
        while (!_isOver)
        {
            Wait();
            _ = KernelLog.Native.Read(_wake!, count, 8);
            while (_new.TryDequeue(out var run))
                Begin(run);
            foreach (var run in _runs)
                Advance(run);
            _runs.RemoveAll(run => run.Gone.Task.IsCompleted);
        }
        foreach (var run in _runs)
            _ = Libc.Kill(-run.Id, Kill);
        while (_new.TryDequeue(out var late))
            Finish(late, null, "the agent ends");
        foreach (var run in _runs)
            Finish(run, null);
    }

    private void Begin(Run run)
    {
        try
        {
            var started = CommandSpawn.Start(run.Program, run.Arguments, run.Environment is { } own ? [.. own.Select(pair => $"{pair.Key}={pair.Value}")] : Environment());
            (run.Id, run.Output, run.Errors) = (started.Id, new Stream(started.Output, run.Kept), new Stream(started.Errors, OutputKept));
            var process = Libc.PidFd(run.Id);
            run.Process = process >= 0 ? new SafeFileHandle((nint)process, true) : null;
            _runs.Add(run);
        }
        catch (Win32Exception fault)
        {
            Finish(run, null, fault.Message);
            run.Gone.SetResult();
        }
    }

    private void Advance(Run run)
    {
        if (run.Output!.IsOpen)
            run.Output.Read(_buffer);
        if (run.Errors!.IsOpen)
            run.Errors.Read(_buffer);
        if (!run.HasEnded && Libc.HasEnded(run.Id))
        {
            run.HasEnded = true;
            run.Deadline = Math.Min(run.Deadline, Stopwatch.GetTimestamp() + (long)(Farewell.TotalSeconds * Stopwatch.Frequency));
            run.Process?.Dispose();
            run.Process = null;
        }
        var isLate = Stopwatch.GetTimestamp() >= run.Deadline;
        if (run.HasEnded && (isLate || !(run.Output.IsOpen || run.Errors.IsOpen)))
        {
            _ = Libc.Kill(-run.Id, Kill); // what it left behind in its group; the number is taken until it is reaped
            Finish(run, Reap(run.Id));
            run.Gone.TrySetResult();
        }
        else if (isLate && !run.Result.Task.IsCompleted)
        {
            _ = Libc.Kill(-run.Id, Kill);
            Finish(run, null);
        }
    }

    private static void Finish(Run run, ExitStatus? status, string? refusal = null)
    {
        run.Result.TrySetResult(new CommandResult(status, run.Output?.Kept ?? [], run.Errors?.Kept ?? [], refusal, run.Gone.Task));
        foreach (var stream in new[] { run.Output, run.Errors })
        {
            if (stream is { IsOpen: true })
                stream.Close();
        }
    }

    private static ExitStatus Reap(int id)
    {
        var reaped = Libc.WaitPid(id, out var status, NoHang);
        var signal = status & 0x7f; // wait(2): the low seven bits are the signal, the next byte the code
        return reaped != id ? default : signal == 0 ? new ExitStatus((status >> 8) & 0xff, null) : new ExitStatus(null, signal);
    }

    private void Wait()
    {
        var entries = new List<Libc.PollEntry>(1 + (3 * _runs.Count)) { Entry(_wake!) };
        var deadline = long.MaxValue;
        foreach (var run in _runs)
        {
            if (run.Output!.IsOpen)
                entries.Add(Entry(run.Output.Pipe));
            if (run.Errors!.IsOpen)
                entries.Add(Entry(run.Errors.Pipe));
            if (run.Process is not null)
                entries.Add(Entry(run.Process));
            if (run.Process is null && !run.HasEnded)
                deadline = Math.Min(deadline, Stopwatch.GetTimestamp() + (WithoutNotice * Stopwatch.Frequency / 1000));
            if (!run.Result.Task.IsCompleted)
                deadline = Math.Min(deadline, run.Deadline);
        }
        var left = deadline == long.MaxValue ? -1 : (int)Math.Clamp(((deadline - Stopwatch.GetTimestamp()) * 1000 / Stopwatch.Frequency) + 1, 0, int.MaxValue);
        _ = Libc.Poll(ref CollectionsMarshal.AsSpan(entries)[0], (nuint)entries.Count, left);
    }

    private static Libc.PollEntry Entry(SafeFileHandle file) => new() { Descriptor = (int)file.DangerousGetHandle(), Events = 1 };

    private static string[] Environment() =>
        [.. System.Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>().Select(pair => $"{pair.Key}={pair.Value}")];
}
