using System.Collections.Immutable;

namespace AIInfra.Linux.Systemd;

/// <param name="What">What it holds up, separated by colons: <c>shutdown</c>, <c>sleep</c>, …</param>
/// <param name="Mode"><c>block</c> or <c>delay</c>.</param>
public sealed record Inhibitor(string What, string Who, string Why, string Mode, uint User, uint Process)
{
    public bool BlocksShutdown => Mode == "block" && What.Split(':').Contains("shutdown");
    public bool DelaysShutdown => Mode == "delay" && What.Split(':').Contains("shutdown");
}

/// <summary>systemd-logind on D-Bus: boots the host so that services, and a kubelet that asked for time, end in order.</summary>
public sealed class Logind
{
    /// <summary>The <see cref="BusException.Error"/> of a boot that is blocked.</summary>
    public const string Blocked = "org.freedesktop.login1.BlockedByInhibitorLock";

    private const string Destination = "org.freedesktop.login1", Root = "/org/freedesktop/login1", Manager = "org.freedesktop.login1.Manager";
    private const ulong RespectBlocks = 1; // SD_LOGIND_ROOT_CHECK_INHIBITORS; even so logind passes over those of root itself
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10), StartPatience = TimeSpan.FromSeconds(30);

    private readonly SystemBus _bus;
    private volatile bool _isPreparing;

    public Logind(SystemBus bus)
    {
        _bus = bus;
        bus.Listen(new BusSignal(
            $"type='signal',sender='{Destination}',path='{Root}',interface='{Manager}',member='PrepareForShutdown'", Manager, "PrepareForShutdown",
            reader => _isPreparing = reader.Boolean(), _ => _isPreparing = false));
    }

    /// <summary>The host is about to shut down or boot, whoever asked for it.</summary>
    public bool IsPreparingForShutdown => _isPreparing;

    /// <summary>Everything that holds up a shutdown, a sleep and so on. Starts logind where it does not run.</summary>
    /// <exception cref="BusException"/>
    public Task<ImmutableArray<Inhibitor>> InhibitorsAsync(CancellationToken cancellationToken) => _bus.CallAsync(Method("ListInhibitors"), null, reader =>
    {
        var all = ImmutableArray.CreateBuilder<Inhibitor>();
        reader.Enter('a', "(ssssuu)");
        while (reader.Enter('r', "ssssuu"))
        {
            all.Add(new Inhibitor(reader.String(), reader.String(), reader.String(), reader.String(), reader.UInt32(), reader.UInt32()));
            reader.Exit();
        }
        reader.Exit();
        return all.ToImmutable();
    }, StartPatience, cancellationToken);

    /// <summary>Asks for a boot. Returns when it was accepted: the host then goes down within the delays that inhibitors were granted.</summary>
    /// <exception cref="BusException">Refused, also because something blocks it, see <see cref="InhibitorsAsync"/>.</exception>
    public async Task RebootAsync(CancellationToken cancellationToken)
    {
        var blocks = (await InhibitorsAsync(cancellationToken)).Where(one => one.BlocksShutdown).ToList();
        if (blocks.Count > 0)
            throw new BusException($"A boot is blocked by {string.Join(", ", blocks.Select(one => $"{one.Who} (process {one.Process}: {one.Why})"))}.", BusFate.NotSent, Blocked);
        try
        {
            await _bus.CallAsync(Method("RebootWithFlags"), writer => writer.UInt64(RespectBlocks), _ => true, StartPatience, cancellationToken);
        }
        catch (BusException refusal) when (refusal.Error == "org.freedesktop.login1.OperationInProgress")
        {
            // The host is going down already.
        }
        catch (BusException refusal) when (refusal.Error == "org.freedesktop.DBus.Error.UnknownMethod") // before systemd 246
        {
            await _bus.CallAsync(Method("Reboot"), writer => writer.Boolean(false), _ => true, StartPatience, cancellationToken);
        }
    }

    /// <summary>How long inhibitors may delay a shutdown.</summary>
    /// <exception cref="BusException"/>
    public Task<TimeSpan> LongestDelayAsync(CancellationToken cancellationToken) => _bus.CallAsync(
        new BusMethod(Destination, Root, "org.freedesktop.DBus.Properties", "Get"), writer =>
        {
            writer.String(Manager);
            writer.String("InhibitDelayMaxUSec");
        }, reader => TimeSpan.FromMicroseconds(reader.Variant() as long? ?? 0), Patience, cancellationToken);

    private static BusMethod Method(string member) => new(Destination, Root, Manager, member);
}
