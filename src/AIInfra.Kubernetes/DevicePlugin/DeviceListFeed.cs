using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using Microsoft.Extensions.Logging;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>Keeps the <see cref="DeviceList"/> of one resource. The first change goes out at once, then at most one list per
/// <see cref="Interval"/>: each one makes the kubelet rewrite its checkpoint.</summary>
internal sealed partial class DeviceListFeed(string resource, InventoryBoard inventory, HealthBoard health, TimeProvider time, ILogger logger)
{
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly HashSet<string> _refused = new(StringComparer.Ordinal);
    private long? _lastChange;

    public Latest<DeviceList> Current { get; } = new(DeviceList.Empty);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var (devices, problems) = (inventory.Current.Value, health.Current.Value);
            if (Step(devices, problems) is { } wait)
                await Task.Delay(wait, time, cancellationToken);
            else
                await FirstOf.WaitAsync(cancellationToken,
                    token => inventory.Current.WaitForChangeAsync(devices, token),
                    token => health.Current.WaitForChangeAsync(problems, token));
        }
    }

    /// <summary>Takes in what the boards say now.</summary>
    /// <returns>How long the change must wait; null when there is none left to publish.</returns>
    internal TimeSpan? Step(NodeInventory devices, HealthSnapshot problems)
    {
        var current = Current.Value;
        var next = current.With(Offered(devices), problems);
        if (ReferenceEquals(next, current))
            return null;
        if (!current.Devices.IsEmpty && !next.TellsTheSame(current))
        {
            if (_lastChange is { } last && Interval - time.GetElapsedTime(last) is var wait && wait > TimeSpan.Zero)
                return wait;
            _lastChange = time.GetTimestamp();
        }
        Current.Publish(next);
        return null;
    }

    private ImmutableArray<Device> Offered(NodeInventory devices)
    {
        var offered = ImmutableArray.CreateBuilder<Device>();
        foreach (var device in devices.Devices)
        {
            if (device.ResourceName != resource || device.IsHeldBack)
                continue;
            if (ResourceName.FaultOfDeviceId(device.Id) is not { } fault)
                offered.Add(device);
            else if (_refused.Add(device.Id))
                LogRefused(resource, device.Id, fault);
        }
        return offered.DrainToImmutable();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Resource}: device {Device} is not offered: {Fault}. The other devices are")]
    private partial void LogRefused(string resource, string device, string fault);
}
