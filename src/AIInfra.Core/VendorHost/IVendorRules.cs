using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Sampling;

namespace AIInfra.Core.VendorHost;

/// <summary>What a vendor's events and readings mean for health. Runs in the daemon; pure but for what it tells the board.</summary>
public interface IVendorRules
{
    /// <param name="device">The device the event names; null when the event names none, or one that is not known.</param>
    void OnEvent(Device? device, VendorEvent happened, DateTimeOffset at, HealthBoard board);

    /// <summary>Called after each round in which the device answered.</summary>
    /// <param name="before">The readings of the last round in which it answered; null in the first round of this daemon.</param>
    void OnSample(Device device, Reading[]? before, Reading[] now, DateTimeOffset at, HealthBoard board);

    /// <summary>The device as a whole did not answer with <see cref="VendorFault.DeviceLost"/>.</summary>
    void OnLost(Device device, VendorException fault, DateTimeOffset at, HealthBoard board);
}

/// <summary>All that the daemon needs to serve one vendor's library through a vendor host.</summary>
/// <param name="Name">The key in the configuration and the argument of <c>vendor-host</c>: <c>nvidia</c>.</param>
/// <param name="Library">Default file name of the library.</param>
public sealed record VendorDefinition(string Name, string Library, FieldTable Fields, IVendorRules Rules)
{
    /// <summary>How the names of its device nodes below /dev begin, those of the driver itself included; by default as its own name.</summary>
    public ImmutableArray<string> NodePrefixes { get; init; } = [Name];
}
