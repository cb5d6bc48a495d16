using AIInfra.Core.Hosting;
using AIInfra.Linux.Systemd;

namespace AIInfra.Core.Remediation.Actions;

/// <summary>What the actions use of the host's systemd. One connection for all of them, opened by the first that needs it.</summary>
public sealed class HostSystem : IDisposable
{
    private readonly SystemBus _bus;

    public HostSystem(HostPaths host, TimeProvider time)
    {
        _bus = new SystemBus(Path.Combine(host.Run, "dbus/system_bus_socket"));
        _units = new(() => new SystemdUnits(_bus));
        _logind = new(() => new Logind(_bus));
        _commands = new(() => new HostCommands(_bus, Units, host.Run, time));
    }

    private readonly Lazy<SystemdUnits> _units;
    private readonly Lazy<Logind> _logind;
    private readonly Lazy<HostCommands> _commands;

    public SystemdUnits Units => _units.Value;
    public Logind Logind => _logind.Value;
    public HostCommands Commands => _commands.Value;

    public void Dispose() => _bus.Dispose();

    /// <summary>A failed call as the outcome of an action.</summary>
    internal static ActionResult Explain(BusException fault) => fault.Fate switch
    {
        BusFate.NotSent => ActionResult.NotPossible(fault.Message),
        BusFate.Refused => ActionResult.Failed(fault.Message),
        _ => ActionResult.Unknown(fault.Message),
    };
}
