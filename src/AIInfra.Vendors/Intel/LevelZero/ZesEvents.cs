using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Intel.LevelZero;

/// <summary>The calls by which a driver tells that something happened.</summary>
internal sealed unsafe class ZesEvents(LibraryExports exports)
{
    /// <summary>The GPU left or came back, its memory's health, its fabric or its link to the bus changed, it counted an error that was not corrected, or it wants a reset.</summary>
    private const uint OfHealth = 1 | 2 | 0x200 | 0x400 | 0x800 | 0x2000 | 0x4000 | 0x8000;

    private readonly delegate* unmanaged[Cdecl]<nint, uint, ZesResult> _register = (delegate* unmanaged[Cdecl]<nint, uint, ZesResult>)exports.Find("zesDeviceEventRegister");
    private readonly delegate* unmanaged[Cdecl]<nint, ulong, uint, nint*, uint*, uint*, ZesResult> _listen =
        (delegate* unmanaged[Cdecl]<nint, ulong, uint, nint*, uint*, uint*, ZesResult>)exports.Find("zesDriverEventListenEx");

    /// <summary>False when this library or this GPU has none: its state is asked every round all the same.</summary>
    public bool Register(nint device) => _register != null && _listen != null && _register(device, OfHealth) == ZesResult.Success;

    /// <summary>Waits for an event of one of the devices, all of one driver.</summary>
    /// <returns>Places in <paramref name="devices"/> that had one.</returns>
    /// <exception cref="VendorException">The wait itself failed.</exception>
    public int[] Wait(nint driver, nint[] devices, TimeSpan atMost)
    {
        uint happened = 0;
        var bits = new uint[devices.Length];
        ZesResult status;
        fixed (nint* first = devices)
        fixed (uint* events = bits)
            status = _listen(driver, (ulong)atMost.TotalMilliseconds, (uint)devices.Length, first, &happened, events);
        ZesStatus.ThrowUnlessOk(status, "zesDriverEventListenEx");
        return happened == 0 ? [] : [.. Enumerable.Range(0, bits.Length).Where(place => (bits[place] & OfHealth) != 0)];
    }
}
