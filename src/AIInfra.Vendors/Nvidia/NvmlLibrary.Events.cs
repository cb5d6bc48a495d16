using System.Runtime.InteropServices;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Nvidia;

/// <summary>Event bits, nvml.h <c>nvmlEventType*</c>: those that the agent listens to.</summary>
[Flags]
internal enum NvmlEvents : ulong
{
    None = 0,
    DoubleBitEcc = 0x2,
    Xid = 0x8,
    MigConfiguration = 0x100,
    CorrectedStorm = 0x200,
    DramRetirement = 0x400,
    DramRetirementFailed = 0x800,
    ContainedPoison = 0x1000,
    FatalPoison = 0x2000,
    GpuUnavailable = 0x4000,
    RecoveryAction = 0x8000,
    Basic = DoubleBitEcc | Xid,
    All = DoubleBitEcc | Xid | MigConfiguration | CorrectedStorm | DramRetirement | DramRetirementFailed | ContainedPoison | FatalPoison | GpuUnavailable | RecoveryAction,
}

/// <param name="Data">The Xid for <see cref="NvmlEvents.Xid"/>; 0 for the others.</param>
/// <param name="GpuInstance">MIG GPU instance; null for the whole board.</param>
/// <param name="ComputeInstance">MIG compute instance; null for the whole board or GPU instance.</param>
internal readonly record struct NvmlEvent(NvmlDevice Device, NvmlEvents Type, ulong Data, uint? GpuInstance, uint? ComputeInstance);

// Events. A set is of this process; what happened before a registration is not kept.
internal sealed unsafe partial class NvmlLibrary
{
    public bool HasEvents => _events.IsComplete;

    /// <summary>Null when this library has no events.</summary>
    /// <exception cref="VendorException">The driver refused.</exception>
    public EventSet? CreateEventSet()
    {
        if (!HasEvents)
            return null;
        nint set;
        var status = _events.Create(&set);
        if (NvmlStatus.IsAbsent(status))
            return null;
        NvmlStatus.ThrowUnlessOk(status, "nvmlEventSetCreate");
        return new EventSet(this, set);
    }

    /// <summary>An open event set; closed on dispose, or when collected, but not while a wait is in it.</summary>
    internal sealed class EventSet : SafeHandle
    {
        private const uint WholeBoard = uint.MaxValue;
        private readonly NvmlLibrary _library;

        internal EventSet(NvmlLibrary library, nint raw) : base(0, ownsHandle: true) => (_library, handle) = (library, raw);

        public override bool IsInvalid => handle == 0;

        /// <summary>Registers the bits among <see cref="NvmlEvents.All"/> that this board has.</summary>
        /// <returns>The bits registered; none when the board has none of them.</returns>
        /// <exception cref="VendorException">The board refused or is lost; the set serves the others all the same.</exception>
        public NvmlEvents Register(NvmlDevice device)
        {
            ulong supported;
            if (NvmlStatus.StateOf(_library._events.Supported(device.Handle, &supported), "nvmlDeviceGetSupportedEventTypes") != ReadingState.Present)
                supported = (ulong)NvmlEvents.Xid; // it does not say: the one that every driver has
            var wanted = (NvmlEvents)supported & NvmlEvents.All;
            if (wanted == NvmlEvents.None)
                return wanted;
            var status = _library._events.Register(device.Handle, (ulong)wanted, handle);
            if (NvmlStatus.IsAbsent(status) && (wanted & NvmlEvents.Basic) is var basic && basic != wanted && basic != NvmlEvents.None)
            {
                wanted = basic; // one bit that it said it has and has not refuses all: then those that every driver has
                status = _library._events.Register(device.Handle, (ulong)wanted, handle);
            }
            if (NvmlStatus.IsAbsent(status))
                return NvmlEvents.None;
            NvmlStatus.ThrowUnlessOk(status, "nvmlDeviceRegisterEvents");
            return wanted;
        }

        /// <summary>Blocks up to the given time; may come back earlier with nothing.</summary>
        /// <returns>Null when nothing came.</returns>
        /// <exception cref="VendorException">Device lost: some board in the set is. Otherwise the wait itself failed.</exception>
        public NvmlEvent? Wait(TimeSpan atMost)
        {
            NvmlEventData data;
            var held = false;
            NvmlReturn status;
            try
            {
                DangerousAddRef(ref held);
                status = _library._events.Wait(handle, &data, (uint)Math.Clamp(atMost.TotalMilliseconds, 0, int.MaxValue));
            }
            finally
            {
                if (held)
                    DangerousRelease();
            }
            if (status == NvmlReturn.Timeout)
                return null;
            NvmlStatus.ThrowUnlessOk(status, "nvmlEventSetWait_v2");
            return new NvmlEvent(new NvmlDevice(data.Device), (NvmlEvents)data.EventType, data.EventData,
                data.GpuInstanceId == WholeBoard ? null : data.GpuInstanceId,
                data.ComputeInstanceId == WholeBoard ? null : data.ComputeInstanceId);
        }

        protected override bool ReleaseHandle() => _library._events.Free(handle) == NvmlReturn.Success;
    }

    private readonly struct EventCalls(LibraryExports exports)
    {
        public readonly delegate* unmanaged[Cdecl]<nint*, NvmlReturn> Create =
            (delegate* unmanaged[Cdecl]<nint*, NvmlReturn>)exports.Find("nvmlEventSetCreate");
        public readonly delegate* unmanaged[Cdecl]<nint, ulong*, NvmlReturn> Supported =
            (delegate* unmanaged[Cdecl]<nint, ulong*, NvmlReturn>)exports.Find("nvmlDeviceGetSupportedEventTypes");
        public readonly delegate* unmanaged[Cdecl]<nint, ulong, nint, NvmlReturn> Register =
            (delegate* unmanaged[Cdecl]<nint, ulong, nint, NvmlReturn>)exports.Find("nvmlDeviceRegisterEvents");
        public readonly delegate* unmanaged[Cdecl]<nint, NvmlEventData*, uint, NvmlReturn> Wait = // _v1 does not fill the instance ids
            (delegate* unmanaged[Cdecl]<nint, NvmlEventData*, uint, NvmlReturn>)exports.Find("nvmlEventSetWait_v2");
        public readonly delegate* unmanaged[Cdecl]<nint, NvmlReturn> Free =
            (delegate* unmanaged[Cdecl]<nint, NvmlReturn>)exports.Find("nvmlEventSetFree");

        public bool IsComplete => Create != null && Supported != null && Register != null && Wait != null && Free != null;
    }
}
