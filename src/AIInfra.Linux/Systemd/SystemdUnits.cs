using System.Collections.Immutable;

namespace AIInfra.Linux.Systemd;

/// <param name="Active">active, reloading, inactive, failed, activating, deactivating or maintenance.</param>
/// <param name="Load">loaded, not-found, masked, …</param>
public sealed record UnitListing(string Name, string Load, string Active, string Sub);

/// <summary>What systemd says of a unit at this moment.</summary>
public sealed record UnitState
{
    public required string Name { get; init; }
    /// <summary>loaded, not-found, masked, error, …</summary>
    public required string Load { get; init; }
    /// <summary>active, reloading, inactive, failed, activating, deactivating or maintenance.</summary>
    public required string Active { get; init; }
    /// <summary>Of its kind, for a service: running, exited, dead, auto-restart, …</summary>
    public required string Sub { get; init; }
    /// <summary>Of its present or last run, 32 hexadecimal digits; empty when it never ran. A new one proves a restart.</summary>
    public required string InvocationId { get; init; }
    /// <summary>The last result: success, exit-code, signal, timeout, watchdog, …; null for kinds of units that have none.</summary>
    public string? Result { get; init; }
    /// <summary>How often systemd itself started a service again.</summary>
    public long Restarts { get; init; }
    /// <summary>A service's main process; 0 for none.</summary>
    public int MainProcess { get; init; }
    /// <summary>How a service's main process ended: its exit status, or the signal where <see cref="WasKilled"/>; null while it has not ended.</summary>
    public int? ExitStatus { get; init; }
    public bool WasKilled { get; init; }
    /// <summary>What a stop ends of a service: control-group, mixed, process or none; null for kinds that run nothing.</summary>
    public string? KillMode { get; init; }
    /// <summary>When systemd starts a service again by itself: no, always, on-failure, …; null for other units.</summary>
    public string? Restart { get; init; }
    /// <summary>The units that a stop or restart takes along.</summary>
    public ImmutableArray<string> Dependents { get; init => field = value.IsDefault ? [] : value; } = [];
    /// <summary>It starts with the host.</summary>
    public bool IsEnabled { get; init; }
    /// <summary>Its file says that it does not start with the host, though it could: an operator does not want it to.</summary>
    public bool IsDisabled { get; init; }
    /// <summary>False when it cannot be started by that name.</summary>
    public bool IsThere => Load is "loaded" or "masked";
    /// <summary>Wants attention from the unit's owner: systemd stopped it deliberately or it failed and is not tried again.</summary>
    public bool IsFailed => Active == "failed";
}

public enum UnitJob
{
    Start, Stop, Restart, TryRestart, Reload, ReloadOrRestart,
}

/// <summary>Lists and controls units through systemd's manager on D-Bus. A job's result is awaited, not only its acceptance.</summary>
public sealed class SystemdUnits
{
    internal const string Destination = "org.freedesktop.systemd1", Root = "/org/freedesktop/systemd1", Manager = "org.freedesktop.systemd1.Manager";
    internal const string NoSuchUnit = "org.freedesktop.systemd1.NoSuchUnit";
    private static readonly string[] DependentKinds = ["RequiredBy", "BoundBy", "ConsistsOf"];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly SystemBus _bus;
    private readonly UnitJobs _jobs;

    public SystemdUnits(SystemBus bus)
    {
        _bus = bus;
        _jobs = new UnitJobs();
        bus.Listen(_jobs.Signal);
    }

    internal static BusMethod Method(string member) => new(Destination, Root, Manager, member);

    /// <summary>The loaded units whose names fit one of the patterns (<c>*</c> and <c>?</c> as a shell has them).</summary>
    /// <exception cref="BusException"/>
    public Task<ImmutableArray<UnitListing>> ListAsync(IReadOnlyCollection<string> patterns, CancellationToken cancellationToken) => _bus.CallAsync(
        Method("ListUnitsByPatterns"), writer =>
        {
            writer.Strings([]);
            writer.Strings(patterns);
        }, ReadListings, Patience, cancellationToken);

    private static ImmutableArray<UnitListing> ReadListings(BusReader reader)
    {
        var all = ImmutableArray.CreateBuilder<UnitListing>();
        reader.Enter('a', "(ssssssouso)");
        while (reader.Enter('r', "ssssssouso"))
        {
            var name = reader.String();
            reader.Skip("s");
            all.Add(new UnitListing(name, reader.String(), reader.String(), reader.String()));
            reader.Skip("souso");
            reader.Exit();
        }
        reader.Exit();
        return all.ToImmutable();
    }

    /// <exception cref="BusException">Also when the name is none of a unit; a unit that is not installed is an answer.</exception>
    public async Task<UnitState> GetAsync(string unit, CancellationToken cancellationToken)
    {
        var path = await _bus.CallAsync(Method("LoadUnit"), writer => writer.String(unit), reader => reader.String('o'), Patience, cancellationToken);
        var all = await PropertiesAsync(path, cancellationToken);
        var code = all.GetValueOrDefault("ExecMainCode") as long? ?? 0; // CLD_EXITED 1, CLD_KILLED 2, CLD_DUMPED 3; 0: has not ended
        return new UnitState
        {
            Name = all.GetValueOrDefault("Id") as string ?? unit,
            Load = all.GetValueOrDefault("LoadState") as string ?? "",
            Active = all.GetValueOrDefault("ActiveState") as string ?? "",
            Sub = all.GetValueOrDefault("SubState") as string ?? "",
            InvocationId = all.GetValueOrDefault("InvocationID") is byte[] { Length: > 0 } id ? Convert.ToHexStringLower(id) : "",
            Result = all.GetValueOrDefault("Result") as string,
            Restarts = all.GetValueOrDefault("NRestarts") as long? ?? 0,
            MainProcess = (int)(all.GetValueOrDefault("MainPID") as long? ?? 0),
            ExitStatus = code == 0 ? null : (int)(all.GetValueOrDefault("ExecMainStatus") as long? ?? 0),
            WasKilled = code > 1,
            Restart = all.GetValueOrDefault("Restart") as string,
            KillMode = all.GetValueOrDefault("KillMode") as string,
            Dependents = [.. DependentKinds.SelectMany(name => all.GetValueOrDefault(name) as string[] ?? []).Distinct().Order(StringComparer.Ordinal)],
            IsEnabled = all.GetValueOrDefault("UnitFileState") is "enabled" or "enabled-runtime",
            IsDisabled = all.GetValueOrDefault("UnitFileState") is "disabled" or "masked" or "masked-runtime",
        };
    }

    /// <summary>Those of all its interfaces, of one moment.</summary>
    private Task<Dictionary<string, object>> PropertiesAsync(string path, CancellationToken cancellationToken) => _bus.CallAsync(
        new BusMethod(Destination, path, "org.freedesktop.DBus.Properties", "GetAll"), writer => writer.String(""), reader => reader.Properties(), Patience, cancellationToken);

    /// <summary>Asks for a job and waits for its end.</summary>
    /// <returns>systemd's word for it: <c>done</c>, <c>canceled</c>, <c>timeout</c>, <c>failed</c>, <c>dependency</c> or <c>skipped</c>.</returns>
    /// <exception cref="BusException">Refused, or given up at the deadline: then the job may still run.</exception>
    public Task<string> RunAsync(UnitJob job, string unit, TimeSpan deadline, CancellationToken cancellationToken)
    {
        var member = job switch
        {
            UnitJob.Start => "StartUnit",
            UnitJob.Stop => "StopUnit",
            UnitJob.Restart => "RestartUnit",
            UnitJob.TryRestart => "TryRestartUnit",
            UnitJob.Reload => "ReloadUnit",
            _ => "ReloadOrRestartUnit",
        };
        return RunAsync(Method(member), writer =>
        {
            writer.String(unit);
            writer.String("replace");
        }, $"{member} {unit}", deadline, cancellationToken);
    }

    /// <summary>A call that answers with a job, and that job's end.</summary>
    internal async Task<string> RunAsync(BusMethod method, BusArguments arguments, string what, TimeSpan deadline, CancellationToken cancellationToken)
    {
        // The job is awaited from within the answer, on the bus's thread: its signal cannot have been passed over before.
        var result = await _bus.CallAsync(method, arguments, reader => _jobs.Await(reader.String('o')), deadline < Patience ? deadline : Patience, cancellationToken);
        try
        {
            return await result.WaitAsync(deadline, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new BusException($"{what} was taken on by systemd but not done within {deadline.TotalSeconds:0.#} s.", BusFate.Unknown);
        }
    }

    /// <summary>Boots the host as <c>systemctl reboot</c> does where there is no logind. Returns when it was accepted.</summary>
    /// <exception cref="BusException"/>
    public Task RebootAsync(TimeSpan patience, CancellationToken cancellationToken) => _bus.CallAsync(Method("StartUnit"), writer =>
    {
        writer.String("reboot.target");
        writer.String("replace-irreversibly");
    }, _ => true, patience, cancellationToken);

    /// <param name="whom"><c>all</c>, <c>main</c> or <c>control</c>.</param>
    /// <exception cref="BusException"/>
    public Task KillAsync(string unit, string whom, int signal, CancellationToken cancellationToken) => _bus.CallAsync(Method("KillUnit"), writer =>
    {
        writer.String(unit);
        writer.String(whom);
        writer.Int32(signal);
    }, _ => true, Patience, cancellationToken);

    /// <summary>Forgets that it failed, with its count of starts.</summary>
    /// <exception cref="BusException"/>
    public Task ResetFailedAsync(string unit, CancellationToken cancellationToken) =>
        _bus.CallAsync(Method("ResetFailedUnit"), writer => writer.String(unit), _ => true, Patience, cancellationToken);

    /// <summary>Reads the unit files again.</summary>
    /// <exception cref="BusException"/>
    public Task ReloadManagerAsync(CancellationToken cancellationToken) => _bus.CallAsync(Method("Reload"), null, _ => true, TimeSpan.FromSeconds(60), cancellationToken);
}
