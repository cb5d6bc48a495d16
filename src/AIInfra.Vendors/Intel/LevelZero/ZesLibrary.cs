using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Intel.LevelZero;

/// <summary>The entry points of <c>libze_loader.so.1</c> that belong to Sysman, as a table of function pointers. Codes, structs and pointers
/// stop here: out come readings, plain values and <see cref="VendorException"/>.</summary>
/// <remarks>Source: zes_api.h 1.x. Every call may block for ever in the kernel. There is no call that ends it. This file: life cycle,
/// enumeration and identity; the others by topic.</remarks>
internal sealed unsafe partial class ZesLibrary
{
    private const uint MostHandles = 512, Gpu = 1; // a node holds 16 GPUs, a GPU some dozens of engines; more is a broken answer

    /// <summary>A call that lists the handles of one kind below another handle. Null where the library has no such function.</summary>
    internal readonly struct List(LibraryExports exports, string name)
    {
        private readonly delegate* unmanaged[Cdecl]<nint, uint*, nint*, ZesResult> _call = (delegate* unmanaged[Cdecl]<nint, uint*, nint*, ZesResult>)exports.Find(name);

        /// <summary>Empty also where this GPU has none of the kind.</summary>
        /// <exception cref="VendorException">The GPU is lost.</exception>
        public nint[] Of(nint parent)
        {
            if (_call == null)
                return [];
            uint count = 0;
            if (ZesStatus.StateOf(_call(parent, &count, null), name) != ReadingState.Present || count == 0)
                return [];
            var handles = new nint[count = Math.Min(count, MostHandles)];
            fixed (nint* first = handles)
            {
                if (ZesStatus.StateOf(_call(parent, &count, first), name) != ReadingState.Present)
                    return [];
            }
            return [.. handles.Take((int)Math.Min(count, (uint)handles.Length)).Where(handle => handle != 0)];
        }
    }

    /// <summary>A call that fills a struct about a handle. Null where the library has no such function.</summary>
    internal readonly struct Call(LibraryExports exports, string name)
    {
        private readonly delegate* unmanaged[Cdecl]<nint, void*, ZesResult> _call = (delegate* unmanaged[Cdecl]<nint, void*, ZesResult>)exports.Find(name);

        /// <exception cref="VendorException">The GPU is lost.</exception>
        public ReadingState Ask<T>(nint handle, ref T target) where T : unmanaged =>
            _call == null ? ReadingState.Absent : ZesStatus.StateOf(_call(handle, Unsafe.AsPointer(ref target)), name); // all targets are locals
    }

    private readonly bool _isOld; // before 1.5, where the handles of the core are those of Sysman too
    private readonly delegate* unmanaged[Cdecl]<uint, ZesResult> _init;
    private readonly delegate* unmanaged[Cdecl]<uint*, nint*, ZesResult> _drivers;
    private readonly delegate* unmanaged[Cdecl]<nint, uint*, nint*, ZesResult> _devices;
    private readonly delegate* unmanaged[Cdecl]<nint, uint*, ZesProcessState*, ZesResult> _processes;
    private readonly Call _properties, _pci, _state, _pciState, _pciStats, _ecc;

    public ZesLibrary(LibraryExports exports)
    {
        _isOld = exports.Find("zesInit") == 0;
        _init = (delegate* unmanaged[Cdecl]<uint, ZesResult>)exports.Require(_isOld ? "zeInit" : "zesInit");
        _drivers = (delegate* unmanaged[Cdecl]<uint*, nint*, ZesResult>)exports.Require(_isOld ? "zeDriverGet" : "zesDriverGet");
        _devices = (delegate* unmanaged[Cdecl]<nint, uint*, nint*, ZesResult>)exports.Require(_isOld ? "zeDeviceGet" : "zesDeviceGet");
        exports.Require("zesDevicePciGetProperties"); // without an address no GPU can be told from another
        _properties = new Call(exports, "zesDeviceGetProperties");
        _pci = new Call(exports, "zesDevicePciGetProperties");
        _state = new Call(exports, "zesDeviceGetState");
        _pciState = new Call(exports, "zesDevicePciGetState");
        _pciStats = new Call(exports, "zesDevicePciGetStats");
        _ecc = new Call(exports, "zesDeviceGetEccState");
        _processes = (delegate* unmanaged[Cdecl]<nint, uint*, ZesProcessState*, ZesResult>)exports.Find("zesDeviceProcessesGetState");
        Parts = new ZesParts(exports);
        Events = new ZesEvents(exports);
        IsSimulated = exports.IsSimulated;
    }

    /// <summary>The library is one of this project's simulators.</summary>
    public bool IsSimulated { get; }
    public ZesParts Parts { get; }
    public ZesEvents Events { get; }

    /// <exception cref="VendorException">Absent: there is a loader and no driver below it. Refused: no permission.</exception>
    public void Init()
    {
        if (_isOld)
            _ = SetEnvironment("ZES_ENABLE_SYSMAN", "1", 1); // of this process, which has nothing but this library
        ZesStatus.ThrowUnlessOk(_init(0), _isOld ? "zeInit" : "zesInit");
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);

    /// <summary>GPUs of all drivers, each with the driver that has it, in the loader's order. Accelerators of other kinds are left out.</summary>
    public (nint Driver, nint Device)[] Gpus()
    {
        uint count = 0;
        ZesStatus.ThrowUnlessOk(_drivers(&count, null), "zesDriverGet");
        var drivers = new nint[count = Math.Min(count, MostHandles)];
        fixed (nint* first = drivers)
            ZesStatus.ThrowUnlessOk(count == 0 ? ZesResult.Success : _drivers(&count, first), "zesDriverGet");
        return [.. drivers.Take((int)Math.Min(count, (uint)drivers.Length)).Where(driver => driver != 0).SelectMany(driver => DevicesOf(driver).Select(device => (driver, device)))];
    }

    private nint[] DevicesOf(nint driver)
    {
        uint count = 0;
        ZesStatus.ThrowUnlessOk(_devices(driver, &count, null), "zesDeviceGet");
        var devices = new nint[count = Math.Min(count, MostHandles)];
        fixed (nint* first = devices)
            ZesStatus.ThrowUnlessOk(count == 0 ? ZesResult.Success : _devices(driver, &count, first), "zesDeviceGet");
        return [.. devices.Take((int)Math.Min(count, (uint)devices.Length)).Where(device => device != 0)];
    }

    /// <summary>As sysfs writes it.</summary>
    /// <exception cref="VendorException">It does not say, or says what no address can be.</exception>
    public string PciAddress(nint device)
    {
        const string Asked = "zesDevicePciGetProperties";
        var pci = new ZesPciProperties { Stype = Stype.PciProperties, Address = new() { Domain = uint.MaxValue } };
        if (_pci.Ask(device, ref pci) != ReadingState.Present)
            throw ZesStatus.Failure(Asked, ZesResult.Unknown);
        return pci.Address is { Domain: <= 0xFFFF, Bus: <= 0xFF, Device: < 32, Function: < 8 }
            ? string.Create(CultureInfo.InvariantCulture, $"{pci.Address.Domain:x4}:{pci.Address.Bus:x2}:{pci.Address.Device:x2}.{pci.Address.Function:x}")
            : throw ZesStatus.Failure(Asked, ZesResult.Garbage);
    }

    /// <summary>Texts are outside input; null when it does not say.</summary>
    public (bool IsGpu, string? Model, string? Serial, string? DriverVersion, int Tiles) Identity(nint device)
    {
        var properties = new ZesDeviceProperties { Stype = Stype.DeviceProperties };
        properties.Core.Stype = Stype.CoreDeviceProperties;
        return _properties.Ask(device, ref properties) == ReadingState.Present
            ? (properties.Core.Type is 0 or Gpu, LibraryText.Of(properties.ModelName), Known(LibraryText.Of(properties.SerialNumber)), Known(LibraryText.Of(properties.DriverVersion)), (int)Math.Min(properties.NumSubdevices, 16))
            : (true, null, null, null, 0);
        static string? Known(string? text) => text is null || text.Equals("unknown", StringComparison.OrdinalIgnoreCase) ? null : text;
    }

    /// <summary>Bits of why it wants a reset; unknown bits stay.</summary>
    public (ReadingState State, uint Reasons) ResetReasons(nint device)
    {
        var state = new ZesDeviceState { Stype = Stype.DeviceState };
        return (_state.Ask(device, ref state), state.Reset);
    }

    /// <summary>Status 1 good, 2 slower or narrower than it could, 3 unstable; GT/s and lanes as the driver says, 0 or less for unknown.</summary>
    public (ReadingState State, uint Status, int Generation, int Width) PciState(nint device)
    {
        var state = new ZesPciState { Stype = Stype.PciState };
        return (_pciState.Ask(device, ref state), state.Status, state.Speed.Gen, state.Speed.Width);
    }

    public (ReadingState State, ulong Replays, ulong Received, ulong Sent) PciStats(nint device)
    {
        var stats = new ZesPciStats { ReplayCounter = ulong.MaxValue, RxCounter = ulong.MaxValue, TxCounter = ulong.MaxValue };
        return (_pciStats.Ask(device, ref stats), stats.ReplayCounter, stats.RxCounter, stats.TxCounter);
    }

    /// <summary>0 there is none, 1 on, 2 off.</summary>
    public (ReadingState State, uint Now) Ecc(nint device)
    {
        var ecc = new ZesEccProperties { Stype = Stype.EccState };
        return (_ecc.Ask(device, ref ecc), ecc.CurrentState);
    }

    /// <summary>Processes that have the GPU open, and the memory of it that they use together.</summary>
    public (ReadingState State, int Count, ulong MemoryBytes) Processes(nint device)
    {
        const string Asked = "zesDeviceProcessesGetState";
        if (_processes == null)
            return default;
        uint count = 0;
        if (ZesStatus.StateOf(_processes(device, &count, null), Asked) is var first and not ReadingState.Present)
            return (first, 0, 0);
        if (count == 0)
            return (ReadingState.Present, 0, 0);
        var rows = new ZesProcessState[count = Math.Min(count + 8, MostHandles)]; // some may have come meanwhile
        foreach (ref var row in rows.AsSpan())
            row.Stype = Stype.ProcessState;
        ReadingState state;
        fixed (ZesProcessState* start = rows)
            state = ZesStatus.StateOf(_processes(device, &count, start), Asked);
        var told = rows.AsSpan(0, (int)Math.Min(count, (uint)rows.Length));
        ulong memory = 0;
        foreach (ref readonly var row in told)
            memory += row.MemSize;
        return (state, told.Length, memory);
    }
}
