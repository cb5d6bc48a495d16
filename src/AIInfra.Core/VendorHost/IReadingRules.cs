using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Sampling;

namespace AIInfra.Core.VendorHost;

/// <summary>What a vendor's readings mean for health. Pure but for what it tells the board.</summary>
public interface IReadingRules
{
    /// <summary>Called after each round in which the device answered; for partitions too, after their board.</summary>
    /// <param name="before">The readings of the last round in which it answered; null in the first round of this daemon.</param>
    void OnSample(Device device, Reading[]? before, Reading[] now, DateTimeOffset at, HealthBoard board);
}
