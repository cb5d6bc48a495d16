using System.Text;

namespace AIInfra.Linux.Systemd;

/// <summary>How a command of the host ended.</summary>
/// <param name="Status">Its exit status, or the number of the signal that ended it where <see cref="WasKilled"/>; null when it did not come so far, see <see cref="Result"/>.</param>
/// <param name="Result">systemd's word: success, exit-code, signal, timeout, oom-kill, …</param>
/// <param name="Output">The beginning of what it printed on both streams, at most <see cref="HostCommands.OutputKept"/> bytes.</param>
/// <param name="InvocationId">Of this run: what it printed to the journal bears it.</param>
public sealed record HostCommandResult(int? Status, bool WasKilled, string Result, string Output, string InvocationId)
{
    public bool IsSuccess => Result == "success" && Status == 0;
    public bool IsTimeout => Result == "timeout";
}

/// <summary>Runs programs of the host as transient units of its systemd: outside of the agent's own group and container, with a deadline that systemd keeps, ended as a
/// whole. A command outlives the agent, and how it ended can still be asked by its name afterwards.</summary>
public sealed class HostCommands
{
    /// <summary>Bytes kept of what a command prints.</summary>
    public const int OutputKept = 16 * 1024;

    private const string FolderOnHost = "/run/aiinfra-commands";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10), Look = TimeSpan.FromMilliseconds(500);

    private readonly SystemBus _bus;
    private readonly SystemdUnits _units;
    private readonly string _folder;
    private readonly TimeProvider _time;

    /// <param name="run">The host's /run, as this process sees it.</param>
    public HostCommands(SystemBus bus, SystemdUnits units, string run, TimeProvider time)
    {
        (_bus, _units, _time) = (bus, units, time);
        _folder = Path.Combine(run, "aiinfra-commands");
    }

    /// <summary>Starts a command and waits for its end. One whose unit stands already, from before a restart of the agent, is not started again but waited for.</summary>
    /// <param name="name">Of this one run, the unit's name without its suffix: letters, digits, <c>-</c> and <c>_</c>.</param>
    /// <param name="words">The program's absolute path on the host, and its arguments. No shell is involved.</param>
    /// <param name="deadline">Then systemd ends all of its processes.</param>
    /// <exception cref="BusException">It was not started, or its end was not seen: see <see cref="BusException.Fate"/>.</exception>
    /// <param name="input">What it reads on its standard input; null: nothing.</param>
    public async Task<HostCommandResult> RunAsync(string name, IReadOnlyList<string> words, TimeSpan deadline, CancellationToken cancellationToken, string? input = null)
    {
        if (await FindAsync(name, cancellationToken) is null)
        {
            MakeFolder();
            await _bus.CallAsync(SystemdUnits.Method("StartTransientUnit"), writer => Write(writer, UnitOf(name), name, words, deadline, input), _ => true, Patience, cancellationToken);
        }
        return await WaitAsync(name, deadline, cancellationToken);
    }

    /// <summary>Waits for the end of a command that was started, and never starts it.</summary>
    /// <param name="deadline">As it was started with.</param>
    /// <exception cref="BusException">Its end was not seen, or there is no such unit: see <see cref="BusException.Fate"/>.</exception>
    public async Task<HostCommandResult> WaitAsync(string name, TimeSpan deadline, CancellationToken cancellationToken)
    {
        var unit = UnitOf(name);
        var file = OutputFile(name);
        var started = _time.GetTimestamp();
        while (true)
        {
            KeepShort(file);
            var state = await _units.GetAsync(unit, cancellationToken);
            if (!state.IsThere)
                throw new BusException($"{unit} is gone: somebody stopped it, or its result was taken already.", BusFate.Unknown);
            var isWaiting = state.Active == "inactive" && state.InvocationId.Length == 0; // its job has not begun
            if (!isWaiting && state.Active is not ("activating" or "deactivating" or "reloading"))
                return await EndAsync(name, state, cancellationToken);
            if (_time.GetElapsedTime(started) > deadline + Patience + Patience)
                throw new BusException($"{unit} is past its deadline and systemd has not ended it: a process of it may be stuck in the kernel.", BusFate.Unknown);
            await Task.Delay(Look, _time, cancellationToken);
        }
    }

    /// <summary>The unit of a command that was started once and whose result was not yet taken; null when there is none: it never started, or the host has booted since.</summary>
    /// <exception cref="BusException"/>
    public async Task<UnitState?> FindAsync(string name, CancellationToken cancellationToken)
    {
        var state = await _units.GetAsync(UnitOf(name), cancellationToken);
        return state.Load == "loaded" && (state.Active != "inactive" || state.InvocationId.Length > 0) ? state : null;
    }

    public static string UnitOf(string name) =>
        name.Length is > 0 and <= 200 && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_')
            ? $"aiinfra-{name}.service" : throw new ArgumentException($"'{name}' is no name for a command: letters, digits, - and _ are.", nameof(name));

    private async Task<HostCommandResult> EndAsync(string name, UnitState state, CancellationToken cancellationToken)
    {
        var output = ReadOutput(OutputFile(name));
        if (state.Active == "active") // it stays after its end, so that its result can be asked for
            await _units.RunAsync(UnitJob.Stop, state.Name, Patience, cancellationToken);
        if (state.Active == "failed")
            await _units.ResetFailedAsync(state.Name, cancellationToken);
        File.Delete(OutputFile(name));
        return new HostCommandResult(state.ExitStatus, state.WasKilled, state.Result ?? "", output, state.InvocationId);
    }

    private string OutputFile(string name) => Path.Combine(_folder, $"{name}.out");

    /// <exception cref="BusException">The host's run folder cannot be written.</exception>
    private void MakeFolder()
    {
        try
        {
            if (!Directory.Exists(_folder))
                Directory.CreateDirectory(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception refusal) when (refusal is IOException or UnauthorizedAccessException)
        {
            throw new BusException($"Commands of the host leave their output in {_folder}, which cannot be made: {refusal.Message}", BusFate.NotSent);
        }
    }

    /// <summary>The command appends: what it wrote beyond the beginning is cut off while it runs on.</summary>
    private static void KeepShort(string file)
    {
        try
        {
            if (new FileInfo(file) is { Exists: true, Length: > 16 * OutputKept })
            {
                using var open = new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
                open.SetLength(OutputKept);
            }
        }
        catch (IOException)
        {
            // The next look tries again.
        }
    }

    private static string ReadOutput(string file)
    {
        try
        {
            using var open = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var kept = new byte[OutputKept];
            return Encoding.UTF8.GetString(kept, 0, open.ReadAtLeast(kept, kept.Length, throwOnEndOfStream: false));
        }
        catch (Exception missing) when (missing is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    /// <summary>See org.freedesktop.systemd1(5), StartTransientUnit: (name, mode, properties, further units).</summary>
    private static void Write(BusWriter writer, string unit, string name, IReadOnlyList<string> words, TimeSpan deadline, string? input)
    {
        writer.String(unit);
        writer.String("fail");
        writer.Open('a', "(sv)");
        Text(writer, "Description", $"aiinfra-agent: {string.Join(' ', words)}");
        Text(writer, "Type", "oneshot");
        Property(writer, "RemainAfterExit", "b").Boolean(true);
        Close(writer);
        Property(writer, "TimeoutStartUSec", "t").UInt64((ulong)deadline.TotalMicroseconds); // of a oneshot: of its whole run
        Close(writer);
        Property(writer, "TimeoutStopUSec", "t").UInt64((ulong)TimeSpan.FromSeconds(5).TotalMicroseconds);
        Close(writer);
        Text(writer, "KillMode", "control-group");
        Text(writer, "StandardOutputFileToAppend", $"{FolderOnHost}/{name}.out");
        Text(writer, "StandardErrorFileToAppend", $"{FolderOnHost}/{name}.out");
        if (input is not null)
        {
            Text(writer, "StandardInput", "data");
            Property(writer, "StandardInputData", "ay").Bytes(Encoding.UTF8.GetBytes(input));
            Close(writer);
        }
        Property(writer, "UMask", "u").UInt32(0x3f); // 0077
        Close(writer);
        Property(writer, "ExecStart", "a(sasb)");
        writer.Open('a', "(sasb)");
        writer.Open('r', "sasb");
        writer.String(words[0]);
        writer.Strings(words.Select(word => word.Replace("$", "$$", StringComparison.Ordinal))); // systemd replaces variables otherwise
        writer.Boolean(false);
        writer.Close();
        writer.Close();
        Close(writer);
        writer.Close();
        writer.Open('a', "(sa(sv))");
        writer.Close();
    }

    private static void Text(BusWriter writer, string name, string value)
    {
        Property(writer, name, "s").String(value);
        Close(writer);
    }

    /// <summary>Opens (name, variant of this type); the value is next, then <see cref="Close"/>.</summary>
    private static BusWriter Property(BusWriter writer, string name, string type)
    {
        writer.Open('r', "sv");
        writer.String(name);
        writer.Open('v', type);
        return writer;
    }

    private static void Close(BusWriter writer)
    {
        writer.Close();
        writer.Close();
    }
}
