using System.Collections.Immutable;

namespace AIInfra.Core.Sampling;

/// <summary>A process that has work on a device, as the driver tells it.</summary>
/// <param name="Id">In the numbers of the host.</param>
/// <param name="MemoryBytes">Of the device's memory; null when the driver does not say.</param>
public readonly record struct DeviceProcess(int Id, long? MemoryBytes);

/// <summary>Who had work on a device when it last said. Outlives the device's answers: a board that is lost took these along.</summary>
/// <param name="Processes">A few hundred at most.</param>
/// <param name="Timestamp"><see cref="TimeProvider.GetTimestamp"/> at which it was told.</param>
public sealed record DeviceUse(string DeviceId, ImmutableArray<DeviceProcess> Processes, long Timestamp);
