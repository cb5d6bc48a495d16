using System.Globalization;
using System.Runtime.InteropServices;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Cambricon;

/// <summary>CNDEV's name of a board: valid until the library is released.</summary>
internal readonly record struct CndevDevice(int Handle);

/// <summary>The entry points of <c>libcndev.so</c>, as a table of function pointers. Codes, structs and pointers stop here:
/// out come readings, records and <see cref="VendorException"/>, in base units.</summary>
/// <remarks>Source: cndev.h of driver 6.x (version 6 of the structs). Every call may block for ever in the kernel. This file: life cycle
/// and identity; the others by topic.</remarks>
internal sealed unsafe partial class CndevLibrary
{
    private const uint MostBoards = 1024; // a node holds 16; more is a broken answer

    /// <summary>A call that fills a struct for a board. Null where the library has no such function.</summary>
    private readonly struct Call(LibraryExports exports, string name)
    {
        private readonly delegate* unmanaged[Cdecl]<void*, int, CndevReturn> _call = (delegate* unmanaged[Cdecl]<void*, int, CndevReturn>)exports.Find(name);

        public string Name { get; } = name;
        public bool Exists => _call != null;

        public CndevReturn Fill(void* target, CndevDevice device) => _call == null ? CndevReturn.FunctionMissing : _call(target, device.Handle);

        /// <exception cref="VendorException">The board is lost.</exception>
        public ReadingState Ask(void* target, CndevDevice device) => CndevStatus.StateOf(Fill(target, device), Name);
    }

    private readonly delegate* unmanaged[Cdecl]<int, CndevReturn> _init;
    private readonly delegate* unmanaged[Cdecl]<CndevReturn> _release;
    private readonly delegate* unmanaged[Cdecl]<CndevLibVersionInfo*, CndevReturn> _libraryVersion;
    private readonly delegate* unmanaged[Cdecl]<CndevCardInfo*, CndevReturn> _count;
    private readonly delegate* unmanaged[Cdecl]<int, int*, CndevReturn> _byIndex;
    private readonly delegate* unmanaged[Cdecl]<byte*, int*, CndevReturn> _byPciAddress;
    private readonly delegate* unmanaged[Cdecl]<int, CndevReturn> _reset;
    private readonly delegate* unmanaged[Cdecl]<int, byte*> _cardName;
    private readonly delegate* unmanaged[Cdecl]<CndevTopologyRelationship*, int, int, CndevReturn> _relationship;
    private readonly Call _minor, _version, _name, _serial, _uuid, _pci, _numa;
    private readonly TelemetryCalls _telemetry;
    private readonly MemoryCalls _memory;
    private readonly LinkCalls _links;
    private readonly HealthCalls _health;
    private readonly InstanceCalls _instances;
    private readonly EventCalls _events;

    public CndevLibrary(LibraryExports exports)
    {
        _init = (delegate* unmanaged[Cdecl]<int, CndevReturn>)exports.Require("cndevInit");
        _count = (delegate* unmanaged[Cdecl]<CndevCardInfo*, CndevReturn>)exports.Require("cndevGetDeviceCount");
        _byIndex = (delegate* unmanaged[Cdecl]<int, int*, CndevReturn>)exports.Require("cndevGetDeviceHandleByIndex");
        _libraryVersion = (delegate* unmanaged[Cdecl]<CndevLibVersionInfo*, CndevReturn>)exports.Find("cndevGetLibVersion");
        _release = (delegate* unmanaged[Cdecl]<CndevReturn>)exports.Find("cndevRelease");
        _byPciAddress = (delegate* unmanaged[Cdecl]<byte*, int*, CndevReturn>)exports.Find("cndevGetDeviceHandleByPciBusId");
        _reset = (delegate* unmanaged[Cdecl]<int, CndevReturn>)exports.Find("cndevResetDevice");
        _cardName = (delegate* unmanaged[Cdecl]<int, byte*>)exports.Find("cndevGetCardNameStringByDevId");
        _relationship = (delegate* unmanaged[Cdecl]<CndevTopologyRelationship*, int, int, CndevReturn>)exports.Find("cndevTopologyGetRelationship");
        _minor = new Call(exports, "cndevDeviceGetMinorNumber");
        _version = new Call(exports, "cndevGetVersionInfo");
        _name = new Call(exports, "cndevGetCardName");
        _serial = new Call(exports, "cndevGetCardSN");
        _uuid = new Call(exports, "cndevGetUUID");
        _pci = new Call(exports, "cndevGetPCIeInfoV2");
        _numa = new Call(exports, "cndevGetNUMANodeIdByDevId");
        _telemetry = new TelemetryCalls(exports);
        _memory = new MemoryCalls(exports);
        _links = new LinkCalls(exports);
        _health = new HealthCalls(exports);
        _instances = new InstanceCalls(exports);
        _events = new EventCalls(exports);
        IsSimulated = exports.IsSimulated;
    }

    /// <summary>The library is one of this project's simulators.</summary>
    public bool IsSimulated { get; }

    /// <summary>The library has a call for it, and finds a board by its address.</summary>
    public bool CanReset => _reset != null && _byPciAddress != null;

    /// <summary>Waits up to 120 s, as the driver does.</summary>
    /// <exception cref="VendorException">Refused: nothing was done.</exception>
    public void Reset(CndevDevice device)
    {
        var status = _reset == null ? CndevReturn.FunctionMissing : _reset(device.Handle);
        if (status != CndevReturn.Success)
            throw CndevStatus.ResetFailure(status);
    }

    /// <summary>Connects to the driver.</summary>
    /// <exception cref="VendorException">Absent: no kernel module. Refused: no permission, or versions do not fit.</exception>
    public void Init() => CndevStatus.ThrowUnlessOk(_init(0), "cndevInit");

    /// <summary>Every handle dies with it. A failure changes nothing for the caller and is not told.</summary>
    public void Release()
    {
        if (_release != null)
            _ = _release();
    }

    /// <summary>Null when the library does not say.</summary>
    public string? LibraryVersion()
    {
        var info = new CndevLibVersionInfo { Version = Cndev.Version };
        return _libraryVersion != null && _libraryVersion(&info) == CndevReturn.Success ? Dotted(info.LibMajorVersion, info.LibMinorVersion, info.LibBuildVersion) : null;
    }

    /// <summary>Boards (a card may hold several) that the driver counts; 0 also where it says that there are none.</summary>
    public int Count()
    {
        var info = new CndevCardInfo { Version = Cndev.Version };
        var status = _count(&info);
        if (status == CndevReturn.NoDevices)
            return 0;
        CndevStatus.ThrowUnlessOk(status, "cndevGetDeviceCount");
        return (int)Math.Min(info.Number, MostBoards);
    }

    /// <exception cref="VendorException">Device lost, also when the index is no longer counted.</exception>
    public CndevDevice DeviceByIndex(int index)
    {
        int handle;
        var status = _byIndex(index, &handle);
        if (status is CndevReturn.InvalidArgument or CndevReturn.NotFound)
            status = CndevReturn.InvalidDeviceId; // fewer boards than were counted
        CndevStatus.ThrowUnlessOk(status, "cndevGetDeviceHandleByIndex");
        return new CndevDevice(handle);
    }

    /// <summary>Null when this library cannot look boards up by their address.</summary>
    /// <exception cref="VendorException">Device lost, also when there is no board at this address.</exception>
    public CndevDevice? DeviceByPciAddress(string pciAddress)
    {
        if (_byPciAddress == null)
            return null;
        int handle;
        CndevReturn status;
        fixed (byte* text = System.Text.Encoding.UTF8.GetBytes(pciAddress + "\0"))
            status = _byPciAddress(text, &handle);
        if (status is CndevReturn.NotSupported)
            return null;
        if (status is CndevReturn.InvalidArgument or CndevReturn.NotFound)
            status = CndevReturn.InvalidDeviceId;
        CndevStatus.ThrowUnlessOk(status, "cndevGetDeviceHandleByPciBusId");
        return new CndevDevice(handle);
    }

    /// <summary>36 characters, and the number by which links name the same board (0: it has none); null when the board does not say. Outside input.</summary>
    public (string? Text, ulong Number) Uuid(CndevDevice device)
    {
        var info = new CndevUUID { Version = Cndev.Version };
        return _uuid.Ask(&info, device) == ReadingState.Present ? (LibraryText.Of(info.Uuid), info.NcsUUID64) : default;
    }

    /// <summary>Serial numbers of the card and of the board it sits on, as the vendor prints them; null where there is none.</summary>
    public (string? Card, string? MotherBoard) Serials(CndevDevice device)
    {
        var info = new CndevCardSN { Version = Cndev.Version };
        return _serial.Ask(&info, device) == ReadingState.Present ? (Hex(info.Sn), Hex(info.MotherBoardSn)) : default;
        static string? Hex(ulong number) => number == 0 ? null : number.ToString("x", CultureInfo.InvariantCulture);
    }

    /// <summary>The product's name, <c>MLU370-X8</c>; null when the board does not say. Outside input, may hold anything.</summary>
    public string? Model(CndevDevice device)
    {
        if (_cardName != null && _cardName(device.Handle) is var text && text != null && LibraryText.Of(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text)) is { } name)
            return name;
        var info = new CndevCardName { Version = Cndev.Version };
        if (_name.Ask(&info, device) != ReadingState.Present)
            return null;
        return info.Id switch
        {
            16 => "MLU220-M2",
            20 => "MLU290",
            23 => "MLU370",
            24 => "MLU365",
            26 => "MLU590",
            27 => "MLU585",
            30 => "MLU580",
            31 => "MLU570",
            _ => null,
        };
    }

    /// <summary>The N of <c>/dev/cambricon_devN</c>; null when the library does not say: it is the index then.</summary>
    public uint? Minor(CndevDevice device)
    {
        var minor = uint.MaxValue; // an answer that fills nothing must not be the first board's
        return _minor.Ask(&minor, device) == ReadingState.Present && minor <= 0xFFFFF ? minor : null; // the kernel's minors have 20 bits
    }

    /// <summary>As sysfs writes it; null when the board does not say, or says what no address can be: with no vendor it says nothing.</summary>
    public string? PciAddress(CndevDevice device)
    {
        CndevPCIeInfoV2 info = default;
        return _pci.Ask(&info, device) == ReadingState.Present && info is { Vendor: > 0, Domain: <= 0xFFFF, Bus: <= 0xFF, Device: < 32, Function: < 8 }
            ? string.Create(CultureInfo.InvariantCulture, $"{info.Domain:x4}:{info.Bus:x2}:{info.Device:x2}.{info.Function:x}") : null;
    }

    /// <summary>Null when the board does not say, or sits near none.</summary>
    public int? NumaNode(CndevDevice device)
    {
        var info = new CndevNUMANodeId { Version = Cndev.Version };
        return _numa.Ask(&info, device) == ReadingState.Present && info.NodeId is >= 0 and < 1024 ? info.NodeId : null;
    }

    /// <summary>Versions of the kernel driver and of the board's controller (MCU); null when the board does not say.</summary>
    public (string? Driver, string? Controller) Versions(CndevDevice device)
    {
        var info = new CndevVersionInfo { Version = Cndev.Version };
        return _version.Ask(&info, device) == ReadingState.Present
            ? (Dotted(info.DriverMajorVersion, info.DriverMinorVersion, info.DriverBuildVersion), Dotted(info.McuMajorVersion, info.McuMinorVersion, info.McuBuildVersion))
            : default;
    }

    private static string? Dotted(uint major, uint minor, uint build) =>
        (major | minor | build) == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"{major}.{minor}.{build}");
}
