using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using AIInfra.Core.VendorHost;
using AIInfra.Linux.Processes;

namespace AIInfra.Core.Health.Probes;

public enum ChildAnswer
{
    /// <summary>It answered; the text is what it said.</summary>
    Answered,
    /// <summary>It did not answer within the deadline and was killed.</summary>
    Late,
    /// <summary>A process that asked it before was killed and has not ended: it waits in the kernel. It was not asked again.</summary>
    Stuck,
    /// <summary>It could not be asked; the text says why.</summary>
    Refused,
}

/// <param name="Text">What was said, or why nothing was. Outside input.</param>
/// <param name="Took">How long the answer took; zero without one.</param>
public sealed record ChildReply(string Target, ChildAnswer Answer, string Text, TimeSpan Took);

/// <summary>Asks what may hang in processes of their own: <c>aiinfra-agent probe-host CHECK TARGET...</c>, or a tool. Each ends within its deadline or is
/// killed and, when it does not end even then, left alone: what it asked is not asked again before it has ended.</summary>
/// <remarks>The targets of one call share a process, a thread each. One that was late before gets a process of its own, so that it takes no other along.</remarks>
public sealed class ProbeChildren(VendorHostLauncher launcher, TimeProvider time) : IDisposable
{
    /// <summary>Processes that may be stuck in the kernel at once; with more, nothing that may hang is started.</summary>
    public const int MostStuck = 16;

    /// <summary>Bytes that are kept of a tool's output.</summary>
    public const int ToolOutputKept = 256 * 1024;

    private const int TargetsAtOnce = 32, SharedOutputKept = 64 * 1024;
    private static readonly TimeSpan Farewell = TimeSpan.FromMilliseconds(500);

    private readonly CommandRunner _commands = new();
    private readonly ConcurrentDictionary<string, Task> _outstanding = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _lateBefore = new(StringComparer.Ordinal);
    private readonly Lazy<Dictionary<string, string>> _environment = new(launcher.ChildEnvironment);

    /// <summary>Processes that were killed and have not ended.</summary>
    public int Stuck => _outstanding.Values.Where(gone => !gone.IsCompleted).Distinct().Count();

    /// <summary>Asks each target once. A check belongs to one caller, whose targets are all those that there are.</summary>
    /// <param name="check">One that <see cref="ProbeChecks"/> has.</param>
    /// <param name="targets">Each once, without line ends or NUL.</param>
    /// <param name="deadline">For all of them together.</param>
    /// <returns>One reply each, in the same order.</returns>
    public async Task<ImmutableArray<ChildReply>> AskAsync(string check, IReadOnlyList<string> targets, TimeSpan deadline, CancellationToken cancellationToken)
    {
        var replies = new ConcurrentDictionary<string, ChildReply>(StringComparer.Ordinal);
        Forget(check, targets);
        var free = targets.Where(target => Busy(Key(check, target)) is not { } busy || !replies.TryAdd(target, new(target, ChildAnswer.Stuck, busy, default))).ToList();
        var batches = free.Where(target => !_lateBefore.ContainsKey(Key(check, target))).Chunk(TargetsAtOnce)
            .Concat(free.Where(target => _lateBefore.ContainsKey(Key(check, target))).Select(target => new[] { target }));
        await Task.WhenAll(batches.Select(batch => AskTogetherAsync(check, batch, deadline, replies, cancellationToken)));
        return [.. targets.Select(target => replies[target])];
    }

    /// <summary>Runs a tool: an argument vector, no shell, output bounded, its whole process group killed at the deadline.</summary>
    /// <param name="program">A path.</param>
    /// <param name="target">What it looks at: not asked again while a run about the same one is stuck.</param>
    /// <returns>The reply, and the result where it was run to an end.</returns>
    public async Task<(ChildReply Reply, CommandResult? Result)> RunToolAsync(
        string program, IReadOnlyList<string> arguments, string target, TimeSpan deadline, CancellationToken cancellationToken)
    {
        var key = Key(program, target);
        if (Busy(key) is { } busy)
            return (new ChildReply(target, ChildAnswer.Stuck, busy, default), null);
        var started = time.GetTimestamp();
        var result = await _commands.RunAsync(program, arguments, deadline, ToolOutputKept).WaitAsync(cancellationToken);
        var took = time.GetElapsedTime(started);
        if (result.Refusal is { } refusal)
            return (new ChildReply(target, ChildAnswer.Refused, refusal, default), null);
        if (!result.IsTimeout)
            return (new ChildReply(target, ChildAnswer.Answered, Encoding.UTF8.GetString(result.Output), took), result);
        await RememberAsync([key], result.Gone);
        return (new ChildReply(target, ChildAnswer.Late, Late(deadline), default), null);
    }

    public void Dispose() => _commands.Dispose();

    /// <summary>Drops what is remembered of targets that are no more, and of processes that have ended.</summary>
    private void Forget(string check, IReadOnlyList<string> targets)
    {
        var asked = targets.Select(target => Key(check, target)).ToHashSet(StringComparer.Ordinal);
        foreach (var key in _lateBefore.Keys.Where(key => key.StartsWith($"{check} ", StringComparison.Ordinal) && !asked.Contains(key)))
            _lateBefore.TryRemove(key, out _);
        foreach (var (key, gone) in _outstanding)
        {
            if (gone.IsCompleted)
                _outstanding.TryRemove(key, out _);
        }
    }

    private async Task AskTogetherAsync(
        string check, string[] batch, TimeSpan deadline, ConcurrentDictionary<string, ChildReply> replies, CancellationToken cancellationToken)
    {
        var result = await _commands.RunAsync(
            launcher.Program, [.. launcher.ArgumentsBefore, .. ProbeHostProcess.ArgumentsFor(check, batch)], deadline, SharedOutputKept, _environment.Value).WaitAsync(cancellationToken);
        Read(result.Output, batch, replies);
        var silent = batch.Where(target => !replies.ContainsKey(target)).ToList();
        foreach (var target in batch)
        {
            if (result.IsTimeout && silent.Contains(target))
                _lateBefore[Key(check, target)] = true;
            else
                _lateBefore.TryRemove(Key(check, target), out _);
        }
        var why = result.Refusal ?? (result.IsTimeout ? Late(deadline) : $"the process of the probe ended without an answer ({result.Status}): {Encoding.UTF8.GetString(result.Errors).Trim()}");
        foreach (var target in silent)
            replies[target] = new ChildReply(target, result.IsTimeout ? ChildAnswer.Late : ChildAnswer.Refused, why, default);
        if (result.IsTimeout)
            await RememberAsync(silent.Select(target => Key(check, target)), result.Gone);
    }

    /// <summary>Lines of <c>index TAB microseconds TAB text</c>; one that is cut off counts for nothing.</summary>
    private static void Read(byte[] output, string[] batch, ConcurrentDictionary<string, ChildReply> replies)
    {
        var text = Encoding.UTF8.GetString(output);
        foreach (var line in text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Split('\t', 3) is [var at, var took, var says] && int.TryParse(at, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < batch.Length
                && long.TryParse(took, NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds))
                replies[batch[index]] = new ChildReply(batch[index], ChildAnswer.Answered, says, TimeSpan.FromMicroseconds(microseconds));
        }
    }

    private string? Busy(string key)
    {
        if (_outstanding.TryGetValue(key, out var gone))
        {
            if (!gone.IsCompleted)
                return "the process that asked before was killed and has not ended: it waits in the kernel";
            _outstanding.TryRemove(key, out _);
        }
        return Stuck >= MostStuck ? $"{MostStuck} processes of probes are stuck in the kernel; no more is started" : null;
    }

    /// <summary>Gives the killed process a moment to end; remembers it when it does not.</summary>
    private async Task RememberAsync(IEnumerable<string> keys, Task gone)
    {
        foreach (var key in keys)
            _outstanding[key] = gone;
        await Task.WhenAny(gone, Task.Delay(Farewell));
    }

    private static string Key(string check, string target) => $"{check} {target}";

    private static string Late(TimeSpan deadline) => $"no answer within {deadline.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture)} s";
}
