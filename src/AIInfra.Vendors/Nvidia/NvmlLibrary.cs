using System.Text;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Nvidia;

/// <summary>NVML's name of a board: valid until the library is shut down, dead while the board is lost.</summary>
internal readonly record struct NvmlDevice(nint Handle);

/// <summary>The entry points of <c>libnvidia-ml.so.1</c>, as a table of function pointers. Codes, structs and pointers stop here:
/// out come readings, records and <see cref="VendorException"/>, in base units.</summary>
/// <remarks>Source: nvml.h 13.3 with older suffixes as fallbacks. The header calls the library thread-safe; every call may block
/// for ever in the kernel. This file: life cycle and identity; the others by topic.</remarks>
internal sealed unsafe partial class NvmlLibrary
{
    private const int LongestText = 96; // NVML_DEVICE_UUID_V2_BUFFER_SIZE, also the longest name; serial 30, versions 80

    private readonly delegate* unmanaged[Cdecl]<NvmlReturn> _init;
    private readonly delegate* unmanaged[Cdecl]<NvmlReturn> _shutdown;
    private readonly delegate* unmanaged[Cdecl]<byte*, uint, NvmlReturn> _driverVersion;
    private readonly delegate* unmanaged[Cdecl]<byte*, uint, NvmlReturn> _libraryVersion;
    private readonly delegate* unmanaged[Cdecl]<uint*, NvmlReturn> _count;
    private readonly delegate* unmanaged[Cdecl]<uint, nint*, NvmlReturn> _byIndex;
    private readonly delegate* unmanaged[Cdecl]<byte*, nint*, NvmlReturn> _byPciAddress;
    private readonly delegate* unmanaged[Cdecl]<nint, byte*, uint, NvmlReturn> _uuid;
    private readonly delegate* unmanaged[Cdecl]<nint, byte*, uint, NvmlReturn> _name;
    private readonly delegate* unmanaged[Cdecl]<nint, byte*, uint, NvmlReturn> _serial;
    private readonly delegate* unmanaged[Cdecl]<nint, byte*, uint, NvmlReturn> _vbios;
    private readonly delegate* unmanaged[Cdecl]<nint, byte*, uint, NvmlReturn> _inforom;
    private readonly delegate* unmanaged[Cdecl]<nint, byte*, NvmlReturn> _gsp;
    private readonly delegate* unmanaged[Cdecl]<nint, uint*, NvmlReturn> _minor;
    private readonly delegate* unmanaged[Cdecl]<nint, NvmlPciInfo*, NvmlReturn> _pciInfo;
    private readonly TelemetryCalls _telemetry;
    private readonly LinkCalls _links;
    private readonly EventCalls _events;
    private readonly BulkCalls _bulk;
    private readonly ConditionCalls _condition;
    private readonly MigCalls _mig;
    private readonly GpmCalls _gpm;
    private readonly TraitCalls _traits;
    private readonly ModeCalls _modes;

    private NvmlLibrary(LibraryExports exports)
    {
        _init = (delegate* unmanaged[Cdecl]<NvmlReturn>)exports.Require("nvmlInit_v2");
        _shutdown = (delegate* unmanaged[Cdecl]<NvmlReturn>)exports.Require("nvmlShutdown");
        _count = (delegate* unmanaged[Cdecl]<uint*, NvmlReturn>)exports.Require("nvmlDeviceGetCount_v2");
        _byIndex = (delegate* unmanaged[Cdecl]<uint, nint*, NvmlReturn>)exports.Require("nvmlDeviceGetHandleByIndex_v2");
        _byPciAddress = (delegate* unmanaged[Cdecl]<byte*, nint*, NvmlReturn>)exports.Find("nvmlDeviceGetHandleByPciBusId_v2");
        _driverVersion = (delegate* unmanaged[Cdecl]<byte*, uint, NvmlReturn>)exports.Find("nvmlSystemGetDriverVersion");
        _libraryVersion = (delegate* unmanaged[Cdecl]<byte*, uint, NvmlReturn>)exports.Find("nvmlSystemGetNVMLVersion");
        _uuid = (delegate* unmanaged[Cdecl]<nint, byte*, uint, NvmlReturn>)exports.Find("nvmlDeviceGetUUID");
        _name = (delegate* unmanaged[Cdecl]<nint, byte*, uint, NvmlReturn>)exports.Find("nvmlDeviceGetName");
        _serial = (delegate* unmanaged[Cdecl]<nint, byte*, uint, NvmlReturn>)exports.Find("nvmlDeviceGetSerial");
        _vbios = (delegate* unmanaged[Cdecl]<nint, byte*, uint, NvmlReturn>)exports.Find("nvmlDeviceGetVbiosVersion");
        _inforom = (delegate* unmanaged[Cdecl]<nint, byte*, uint, NvmlReturn>)exports.Find("nvmlDeviceGetInforomImageVersion");
        _gsp = (delegate* unmanaged[Cdecl]<nint, byte*, NvmlReturn>)exports.Find("nvmlDeviceGetGspFirmwareVersion"); // since 11.7
        _minor = (delegate* unmanaged[Cdecl]<nint, uint*, NvmlReturn>)exports.Find("nvmlDeviceGetMinorNumber");
        _pciInfo = (delegate* unmanaged[Cdecl]<nint, NvmlPciInfo*, NvmlReturn>)exports.Find("nvmlDeviceGetPciInfo_v3", "nvmlDeviceGetPciInfo_v2");
        _telemetry = new TelemetryCalls(exports);
        _links = new LinkCalls(exports);
        _events = new EventCalls(exports);
        _bulk = new BulkCalls(exports);
        _condition = new ConditionCalls(exports);
        _mig = new MigCalls(exports);
        _gpm = new GpmCalls(exports);
        _traits = new TraitCalls(exports);
        _modes = new ModeCalls(exports);
        IsSimulated = exports.IsSimulated;
    }

    /// <summary>The library is one of this project's simulators.</summary>
    public bool IsSimulated { get; }

    /// <summary>Loads the library; nothing of it is called yet.</summary>
    /// <param name="path">See <see cref="LibrarySearch.Load"/>.</param>
    /// <exception cref="VendorException">It is missing, cannot be loaded, or is not NVML.</exception>
    public static NvmlLibrary Load(string path) => new(NvmlLocator.Search.Load(path));

    /// <summary>Connects to the driver. Counted: each success needs one <see cref="Shutdown"/>. A bad board does not show here.</summary>
    /// <exception cref="VendorException">Absent: no kernel module. Refused: no permission, or versions differ.</exception>
    public void Init() => NvmlStatus.ThrowUnlessOk(_init(), "nvmlInit_v2");

    /// <summary>Every handle dies with it. A failure changes nothing for the caller and is not told.</summary>
    public void Shutdown() => _ = _shutdown();

    /// <summary>Boards the driver counts, including those that will not answer.</summary>
    public int Count()
    {
        uint count;
        NvmlStatus.ThrowUnlessOk(_count(&count), "nvmlDeviceGetCount_v2");
        return (int)Math.Min(count, 1024u); // a node holds 16; more is a broken answer
    }

    /// <summary>Null when the library does not say.</summary>
    public string? DriverVersion() => SystemText(_driverVersion);

    /// <summary>Null when the library does not say.</summary>
    public string? LibraryVersion() => SystemText(_libraryVersion);

    /// <summary>The first call for a board after boot loads its state: up to seconds without persistence mode.</summary>
    /// <exception cref="VendorException">Device lost, also when the index is no longer counted; no permission.</exception>
    public NvmlDevice DeviceByIndex(int index)
    {
        nint handle;
        var status = _byIndex((uint)index, &handle);
        if (status is NvmlReturn.InvalidArgument or NvmlReturn.NotFound)
            status = NvmlReturn.GpuNotFound; // fewer boards than were counted
        NvmlStatus.ThrowUnlessOk(status, "nvmlDeviceGetHandleByIndex_v2");
        return new NvmlDevice(handle);
    }

    /// <param name="pciAddress">As sysfs or NVML writes it.</param>
    /// <exception cref="VendorException">Device lost, also when there is no board at this address.</exception>
    public NvmlDevice DeviceByPciAddress(string pciAddress)
    {
        nint handle = 0;
        var status = NvmlReturn.FunctionNotFound;
        if (_byPciAddress != null)
        {
            fixed (byte* text = Encoding.UTF8.GetBytes(pciAddress + "\0"))
                status = _byPciAddress(text, &handle);
        }
        if (status is NvmlReturn.InvalidArgument or NvmlReturn.NotFound)
            status = NvmlReturn.GpuNotFound;
        NvmlStatus.ThrowUnlessOk(status, "nvmlDeviceGetHandleByPciBusId_v2");
        return new NvmlDevice(handle);
    }

    /// <summary><c>GPU-</c> and 36 characters; null when the board does not say. Outside input.</summary>
    public string? Uuid(NvmlDevice device) => DeviceText(_uuid, device, "nvmlDeviceGetUUID");

    /// <summary>The product's name; null when the board does not say. Outside input, may hold anything.</summary>
    public string? Name(NvmlDevice device) => DeviceText(_name, device, "nvmlDeviceGetName");

    /// <summary>The board's serial number; null where it has none. Outside input.</summary>
    public string? Serial(NvmlDevice device) => DeviceText(_serial, device, "nvmlDeviceGetSerial");

    /// <summary>Null when the board does not say. Outside input, as the next two.</summary>
    public string? VbiosVersion(NvmlDevice device) => DeviceText(_vbios, device, "nvmlDeviceGetVbiosVersion");

    /// <summary>Of the image of the board's configuration memory; null where it has none.</summary>
    public string? InforomVersion(NvmlDevice device) => DeviceText(_inforom, device, "nvmlDeviceGetInforomImageVersion");

    /// <summary>Of the firmware of the board's own processor; null where that is not used.</summary>
    public string? GspVersion(NvmlDevice device)
    {
        Span<byte> text = stackalloc byte[LongestText]; // the call has no length; the header asks for 64
        text.Clear();
        fixed (byte* start = text)
        {
            return _gsp != null && NvmlStatus.StateOf(_gsp(device.Handle, start), "nvmlDeviceGetGspFirmwareVersion") == ReadingState.Present
                ? LibraryText.Of(text) : null;
        }
    }

    /// <summary>The N of <c>/dev/nvidiaN</c>; null where there is no such node (WSL).</summary>
    public uint? Minor(NvmlDevice device)
    {
        uint minor;
        return _minor != null && NvmlStatus.StateOf(_minor(device.Handle, &minor), "nvmlDeviceGetMinorNumber") == ReadingState.Present
            && minor <= 0xFFFFF ? minor : null; // the kernel's minors have 20 bits
    }

    /// <summary>As NVML prints it, <c>DDDDDDDD:BB:DD.F</c>; null when the board does not say.</summary>
    public string? PciAddress(NvmlDevice device)
    {
        NvmlPciInfo info;
        return _pciInfo != null && NvmlStatus.StateOf(_pciInfo(device.Handle, &info), "nvmlDeviceGetPciInfo_v3") == ReadingState.Present
            ? LibraryText.Of(info.BusId) : null;
    }

    private static string? SystemText(delegate* unmanaged[Cdecl]<byte*, uint, NvmlReturn> call)
    {
        Span<byte> text = stackalloc byte[LongestText];
        fixed (byte* start = text)
            return call != null && call(start, LongestText) == NvmlReturn.Success ? LibraryText.Of(text) : null;
    }

    private static string? DeviceText(delegate* unmanaged[Cdecl]<nint, byte*, uint, NvmlReturn> call, NvmlDevice device, string name)
    {
        Span<byte> text = stackalloc byte[LongestText];
        fixed (byte* start = text)
        {
            return call != null && NvmlStatus.StateOf(call(device.Handle, start, LongestText), name) == ReadingState.Present
                ? LibraryText.Of(text) : null;
        }
    }
}
