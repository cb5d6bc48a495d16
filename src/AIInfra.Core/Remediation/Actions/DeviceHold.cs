using System.Collections.Immutable;
using AIInfra.Core.VendorHost;
using AIInfra.Linux.Systemd;

namespace AIInfra.Core.Remediation.Actions;

/// <summary>Devices that the agent and the vendor's services have let go of, for the time of an act. Given back on every way out.</summary>
internal sealed class DeviceHold : IAsyncDisposable
{
    private static readonly TimeSpan UnitPatience = TimeSpan.FromSeconds(60), ReleasePatience = TimeSpan.FromSeconds(60), UsersPatience = TimeSpan.FromSeconds(15), Look = TimeSpan.FromSeconds(1);

    private readonly HostSystem _system;
    private readonly VendorReleases _releases;
    private readonly string _vendor;
    private readonly List<string> _stopped = [];
    private bool _isReleased;

    private DeviceHold(HostSystem system, VendorReleases releases, string vendor) => (_system, _releases, _vendor) = (system, releases, vendor);

    /// <returns>Null with why not, in a sentence: then all is as it was.</returns>
    public static async Task<(DeviceHold? Hold, string WhyNot)> TakeAsync(
        HostSystem system, ResetBoards boards, HostHands hands, string vendor, ResetPlan plan, TimeProvider time, CancellationToken cancellationToken)
    {
        var hold = new DeviceHold(system, boards.Releases, vendor);
        string? whyNot = null;
        try
        {
            whyNot = await hold.StopServicesAsync(plan.Services, cancellationToken) ?? await hold.ReleaseAsync(time, cancellationToken) ?? await UsersAsync(hands, boards, vendor, plan, time, cancellationToken);
            return (whyNot is null ? hold : null, whyNot ?? "");
        }
        finally
        {
            if (whyNot is not null || cancellationToken.IsCancellationRequested)
                await hold.DisposeAsync();
        }
    }

    private async Task<string?> StopServicesAsync(ImmutableArray<string> services, CancellationToken cancellationToken)
    {
        foreach (var service in services)
        {
            try
            {
                if ((await _system.Units.GetAsync(service, cancellationToken)).Active is not ("active" or "activating"))
                    continue;
                _stopped.Add(service);
                if (await _system.Units.RunAsync(UnitJob.Stop, service, UnitPatience, cancellationToken) is not "done" and var result)
                    return $"{service} holds the devices and could not be stopped: {result}.";
            }
            catch (BusException fault) when (fault.Fate == BusFate.NotSent)
            {
                return null; // no systemd: whoever holds the devices is found by /proc
            }
            catch (BusException fault)
            {
                return $"{service} holds the devices and could not be stopped: {fault.Message}";
            }
        }
        return null;
    }

    private async Task<string?> ReleaseAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        if (!_releases.Served.Contains(_vendor))
            return null; // the agent has no handle on it
        using var late = new CancellationTokenSource(ReleasePatience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        _isReleased = true;
        try
        {
            var proof = await _releases.ReleaseAsync(_vendor, either.Token);
            return proof.Ours.IsEmpty ? null : $"The agent itself cannot let go: {string.Join(", ", proof.Ours.Select(holder => $"process {holder.ProcessId} has {holder.Node} open"))}; it is stuck in the driver, only a boot ends it.";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"The vendor host of {_vendor} did not let go within {ReleasePatience.TotalSeconds:0} s: a call into its library does not return.";
        }
    }

    private static async Task<string?> UsersAsync(HostHands hands, ResetBoards boards, string vendor, ResetPlan plan, TimeProvider time, CancellationToken cancellationToken)
    {
        var users = new DeviceUsers(hands.Host);
        for (var started = time.GetTimestamp(); ;)
        {
            var inventory = boards.Inventory.Current.Value.Vendors.First(one => one.Vendor == vendor);
            if (users.Find(plan.Group, inventory) is not { } who)
                return null;
            if (time.GetElapsedTime(started) > UsersPatience)
                return $"In use by {who}.";
            await Task.Delay(Look, time, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_isReleased)
            _releases.Resume(_vendor);
        _isReleased = false;
        foreach (var service in Enumerable.Reverse(_stopped))
        {
            try
            {
                await _system.Units.RunAsync(UnitJob.Start, service, UnitPatience, CancellationToken.None);
            }
            catch (BusException)
            {
                // It was asked for what could be: the probes of services tell of one that does not run.
            }
        }
        _stopped.Clear();
    }
}
