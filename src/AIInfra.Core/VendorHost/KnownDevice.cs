using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Sampling;

namespace AIInfra.Core.VendorHost;

internal enum Presence
{
    /// <summary>Listed from before; this child has not described it, or the driver refused to.</summary>
    Expected,
    /// <summary>Described by this child: it is asked every round.</summary>
    Served,
    /// <summary>A call on it hangs in an abandoned child: it is not asked.</summary>
    Hung,
    /// <summary>The driver no longer lists it.</summary>
    Gone,
}

/// <summary>One device of the vendor, over all children. Used by the worker's own flow only.</summary>
internal sealed class KnownDevice(Device device)
{
    /// <summary>Rounds for which the last readings may stand in.</summary>
    private const int MostMissed = 2;

    private int _missed;

    internal Device Device { get; private set; } = device;
    internal bool IsPartition => Device.ParentId is not null;
    internal Presence Presence { get; set; } = Presence.Expected;
    /// <summary>What it answered last, however long ago; null before its first answer to this daemon.</summary>
    internal Reading[]? Before { get; private set; }
    /// <summary>What may be shown of it now; null is unknown.</summary>
    internal DeviceSample? Sample { get; private set; }
    /// <summary>Who had work on it when it last said; null for nobody.</summary>
    internal DeviceUse? Use { get; private set; }
    /// <summary>A problem of the vendor host may stand on it: also one from before the daemon was started.</summary>
    internal bool MayHaveProblem { get; set; } = true;
    /// <summary>Its loss was told to the rules.</summary>
    internal bool IsLossTold { get; set; }

    /// <summary>Times in a row that the driver would not describe it although it counts it.</summary>
    internal int Refusals { get; set; }

    internal void Describe(Device device)
    {
        Refusals = 0;
        Device = Device.IsSameAs(device) ? Device : device; // the same value, so that nobody is woken
        Presence = Presence.Served;
    }

    internal void Answer(DeviceSample sample, ImmutableArray<DeviceProcess> processes)
    {
        (Sample, Before, _missed, IsLossTold) = (sample, sample.Readings, 0, false);
        Use = processes.IsEmpty ? null : new DeviceUse(Device.Id, processes, sample.Timestamp);
    }

    /// <summary>It did not answer this time.</summary>
    internal void Miss()
    {
        if (++_missed > MostMissed)
            Sample = null;
    }

    /// <summary>Its readings are unknown from now on.</summary>
    internal void Drop() => (Sample, _missed) = (null, 0);

    /// <summary>A call on it hangs.</summary>
    internal void Hang()
    {
        Drop();
        (Presence, MayHaveProblem) = (Presence.Hung, true);
    }

    /// <summary>The call that hung has returned: the next description says whether it is well.</summary>
    internal void Return() => Presence = Presence.Expected;
}
