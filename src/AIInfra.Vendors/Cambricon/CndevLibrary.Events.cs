using System.Runtime.InteropServices;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Cambricon;

/// <param name="Xid">The driver's code of the fault.</param>
/// <param name="Instance">Of MIM; null for the whole board.</param>
internal readonly record struct CndevEvent(CndevDevice Device, ulong Xid, uint? Instance);

// Events: only Xids so far. What happened before a registration is not kept.
internal sealed unsafe partial class CndevLibrary
{
    private const ulong XidEvent = 1;

    /// <summary>Null when this library has no events.</summary>
    /// <exception cref="VendorException">The driver refused.</exception>
    public EventHandle? CreateEventHandle()
    {
        if (!_events.IsComplete)
            return null;
        nint raw;
        var status = _events.Create(&raw);
        if (CndevStatus.IsAbsent(status))
            return null;
        CndevStatus.ThrowUnlessOk(status, "cndevEventHandleCreate");
        return new EventHandle(this, raw);
    }

    /// <summary>An open event handle; closed on dispose, or when collected, but not while a wait is in it. Only one thread may wait.</summary>
    internal sealed class EventHandle : SafeHandle
    {
        private const uint WholeBoard = uint.MaxValue;
        private readonly CndevLibrary _library;

        internal EventHandle(CndevLibrary library, nint raw) : base(0, ownsHandle: true) => (_library, handle) = (library, raw);

        public override bool IsInvalid => handle == 0;

        /// <returns>False when the board has no such events.</returns>
        /// <exception cref="VendorException">The board refused or is lost; the others are served all the same.</exception>
        public bool Register(CndevDevice device)
        {
            var status = _library._events.Register(handle, XidEvent, device.Handle);
            if (CndevStatus.IsAbsent(status))
                return false;
            if (status != CndevReturn.Duplicate)
                CndevStatus.ThrowUnlessOk(status, "cndevRegisterEvents");
            return true;
        }

        /// <summary>Blocks up to the given time; may come back earlier with nothing.</summary>
        /// <returns>Null when nothing came, or what this agent does not know.</returns>
        /// <exception cref="VendorException">The wait itself failed.</exception>
        public CndevEvent? Wait(TimeSpan atMost)
        {
            var data = new CndevEventData { Version = Cndev.Version };
            var held = false;
            CndevReturn status;
            try
            {
                DangerousAddRef(ref held);
                status = _library._events.Wait(handle, &data, (int)Math.Clamp(atMost.TotalMilliseconds, 1, int.MaxValue));
            }
            finally
            {
                if (held)
                    DangerousRelease();
            }
            if (status == CndevReturn.Timeout)
                return null;
            CndevStatus.ThrowUnlessOk(status, "cndevEventWait");
            return (data.EventType & XidEvent) == 0 ? null : new CndevEvent(new CndevDevice(data.Device), data.EventData, data.MluInstanceId == WholeBoard ? null : data.MluInstanceId);
        }

        protected override bool ReleaseHandle() => _library._events.Destroy(handle) == CndevReturn.Success;
    }

    private readonly struct EventCalls(LibraryExports exports)
    {
        public readonly delegate* unmanaged[Cdecl]<nint*, CndevReturn> Create = (delegate* unmanaged[Cdecl]<nint*, CndevReturn>)exports.Find("cndevEventHandleCreate");
        public readonly delegate* unmanaged[Cdecl]<nint, ulong, int, CndevReturn> Register =
            (delegate* unmanaged[Cdecl]<nint, ulong, int, CndevReturn>)exports.Find("cndevRegisterEvents");
        public readonly delegate* unmanaged[Cdecl]<nint, CndevEventData*, int, CndevReturn> Wait =
            (delegate* unmanaged[Cdecl]<nint, CndevEventData*, int, CndevReturn>)exports.Find("cndevEventWait");
        public readonly delegate* unmanaged[Cdecl]<nint, CndevReturn> Destroy = (delegate* unmanaged[Cdecl]<nint, CndevReturn>)exports.Find("cndevEventHandleDestroy");

        public bool IsComplete => Create != null && Register != null && Wait != null && Destroy != null;
    }
}
