using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Intel.LevelZero;

/// <summary>Which part of a GPU a handle is about.</summary>
/// <param name="Handle">Valid as long as the process.</param>
/// <param name="Type">The kind within its own kind, in the library's numbers.</param>
/// <param name="Tile">Null: the whole GPU.</param>
internal readonly record struct ZesPart(nint Handle, uint Type, int? Tile);

/// <summary>The calls about parts of a GPU: engines, memories, sensors, clocks, error sets, fabric ports, fans.</summary>
internal sealed unsafe class ZesParts(LibraryExports exports)
{
    private const double Millidegree = 1000;

    private readonly ZesLibrary.List _engines = new(exports, "zesDeviceEnumEngineGroups"), _memories = new(exports, "zesDeviceEnumMemoryModules"), _sensors = new(exports, "zesDeviceEnumTemperatureSensors"),
        _clocks = new(exports, "zesDeviceEnumFrequencyDomains"), _errors = new(exports, "zesDeviceEnumRasErrorSets"), _ports = new(exports, "zesDeviceEnumFabricPorts"), _fans = new(exports, "zesDeviceEnumFans");
    private readonly ZesLibrary.Call _engineProperties = new(exports, "zesEngineGetProperties"), _activity = new(exports, "zesEngineGetActivity"),
        _memoryProperties = new(exports, "zesMemoryGetProperties"), _memoryState = new(exports, "zesMemoryGetState"), _bandwidth = new(exports, "zesMemoryGetBandwidth"),
        _sensorProperties = new(exports, "zesTemperatureGetProperties"), _temperature = new(exports, "zesTemperatureGetState"),
        _clockProperties = new(exports, "zesFrequencyGetProperties"), _clockState = new(exports, "zesFrequencyGetState"),
        _errorProperties = new(exports, "zesRasGetProperties"), _portProperties = new(exports, "zesFabricPortGetProperties"), _portState = new(exports, "zesFabricPortGetState"),
        _portThroughput = new(exports, "zesFabricPortGetThroughput");
    private readonly delegate* unmanaged[Cdecl]<nint, byte, ZesRasState*, ZesResult> _errorState = (delegate* unmanaged[Cdecl]<nint, byte, ZesRasState*, ZesResult>)exports.Find("zesRasGetState");
    private readonly delegate* unmanaged[Cdecl]<nint, uint*, ZesRasStateExp*, ZesResult> _errorStateExp = (delegate* unmanaged[Cdecl]<nint, uint*, ZesRasStateExp*, ZesResult>)exports.Find("zesRasGetStateExp");
    private readonly delegate* unmanaged[Cdecl]<nint, int, int*, ZesResult> _fan = (delegate* unmanaged[Cdecl]<nint, int, int*, ZesResult>)exports.Find("zesFanGetState");

    public IEnumerable<ZesPart> Engines(nint device) => Each(_engines.Of(device), handle =>
    {
        var properties = new ZesEngineProperties { Stype = Stype.EngineProperties, Type = uint.MaxValue };
        return (_engineProperties.Ask(handle, ref properties), properties.Type, properties.OnSubdevice, properties.SubdeviceId);
    });

    /// <summary>On the device only: what it uses of the host's memory is not its own.</summary>
    public IEnumerable<ZesPart> Memories(nint device) => Each(_memories.Of(device), handle =>
    {
        var properties = new ZesMemProperties { Stype = Stype.MemoryProperties };
        var state = _memoryProperties.Ask(handle, ref properties);
        return (properties.Location == 1 ? state : ReadingState.Absent, properties.Type, properties.OnSubdevice, properties.SubdeviceId);
    });

    public IEnumerable<ZesPart> Sensors(nint device) => Each(_sensors.Of(device), handle =>
    {
        var properties = new ZesTempProperties { Stype = Stype.TemperatureProperties, Type = uint.MaxValue };
        return (_sensorProperties.Ask(handle, ref properties), properties.Type, properties.OnSubdevice, properties.SubdeviceId);
    });

    public IEnumerable<ZesPart> Clocks(nint device) => Each(_clocks.Of(device), handle =>
    {
        var properties = new ZesFreqProperties { Stype = Stype.FrequencyProperties, Type = uint.MaxValue };
        return (_clockProperties.Ask(handle, ref properties), properties.Type, properties.OnSubdevice, properties.SubdeviceId);
    });

    public IEnumerable<ZesPart> ErrorSets(nint device) => Each(_errors.Of(device), handle =>
    {
        var properties = new ZesRasProperties { Stype = Stype.RasProperties, Type = uint.MaxValue };
        return (_errorProperties.Ask(handle, ref properties), properties.Type, properties.OnSubdevice, properties.SubdeviceId);
    });

    /// <param name="fabrics">Gets for each port the id by which the other end knows the GPU, or the tile, that it is of.</param>
    public ZesPart[] Ports(nint device, Dictionary<nint, uint> fabrics) =>
    [
        .. Each(_ports.Of(device), handle =>
        {
            var properties = new ZesFabricPortProperties { Stype = Stype.FabricPortProperties };
            var state = _portProperties.Ask(handle, ref properties);
            fabrics[handle] = properties.PortId.FabricId;
            return (state, 0, properties.OnSubdevice, properties.SubdeviceId);
        }),
    ];

    public nint[] Fans(nint device) => _fans.Of(device);

    /// <summary>Microseconds of work, and the time at which they were counted; only differences mean something.</summary>
    public (ReadingState State, ulong Active, ulong At) Activity(nint engine)
    {
        var stats = default(ZesEngineStats);
        return (_activity.Ask(engine, ref stats), stats.ActiveTime, stats.Timestamp);
    }

    /// <summary>Health 0 unknown, 1 well, 2 degraded, 3 critical, 4 to be replaced; bytes.</summary>
    public (ReadingState State, uint Health, ulong Free, ulong Size) Memory(nint memory)
    {
        var state = new ZesMemState { Stype = Stype.MemoryState };
        return (_memoryState.Ask(memory, ref state), state.Health, state.Free, state.Size);
    }

    /// <summary>Bytes since the driver was loaded, bytes a second at most, microseconds.</summary>
    public (ReadingState State, ulong Read, ulong Written, ulong Most, ulong At) Bandwidth(nint memory)
    {
        var bandwidth = default(ZesMemBandwidth);
        return (_bandwidth.Ask(memory, ref bandwidth), bandwidth.ReadCounter, bandwidth.WriteCounter, bandwidth.MaxBandwidth, bandwidth.Timestamp);
    }

    /// <summary>Degrees Celsius; unknown for what no sensor can say.</summary>
    public Reading Temperature(nint sensor)
    {
        var celsius = double.NaN;
        var state = _temperature.Ask(sensor, ref celsius);
        return state != ReadingState.Present ? new Reading(state, 0) : double.IsFinite(celsius) && celsius is > -100 and < Millidegree ? Reading.Of(celsius) : Reading.Unknown;
    }

    /// <summary>Megahertz, negative where it does not say; bits of why it is slower than it could be.</summary>
    public (ReadingState State, double Actual, uint Throttle) Clock(nint clock)
    {
        var state = new ZesFreqState { Stype = Stype.FrequencyState, Actual = -1 };
        return (_clockState.Ask(clock, ref state), state.Actual, state.ThrottleReasons);
    }

    /// <summary>Counts by the library's first seven categories.</summary>
    public ReadingState Errors(nint set, out ZesCounts7 counts)
    {
        var state = new ZesRasState { Stype = Stype.RasState };
        var answer = _errorState == null ? ReadingState.Absent : ZesStatus.StateOf(_errorState(set, 0, &state), "zesRasGetState");
        counts = state.Category;
        return answer;
    }

    /// <summary>Counts by all categories, where this library has them.</summary>
    /// <returns>How many rows are filled; 0 when it does not say.</returns>
    public int MoreErrors(nint set, Span<ZesRasStateExp> rows)
    {
        if (_errorStateExp == null)
            return 0;
        var count = (uint)rows.Length;
        fixed (ZesRasStateExp* first = rows)
            return ZesStatus.StateOf(_errorStateExp(set, &count, first), "zesRasGetStateExp") == ReadingState.Present ? (int)Math.Min(count, (uint)rows.Length) : 0;
    }

    /// <summary>Status 0 unknown, 1 well, 2 degraded, 3 failed, 4 switched off; the fabric id of the other end, 0 for none.</summary>
    public (ReadingState State, uint Status, uint Remote) Port(nint port)
    {
        var state = new ZesFabricPortState { Stype = Stype.FabricPortState };
        return (_portState.Ask(port, ref state), state.Status, state.RemotePortId.FabricId);
    }

    /// <summary>Bytes since the driver was loaded.</summary>
    public (ReadingState State, ulong Received, ulong Sent) PortTraffic(nint port)
    {
        var traffic = default(ZesFabricPortThroughput);
        return (_portThroughput.Ask(port, ref traffic), traffic.RxCounter, traffic.TxCounter);
    }

    /// <summary>0 to 1.</summary>
    public Reading FanSpeed(nint fan)
    {
        const int Percent = 1;
        var speed = -1;
        var state = _fan == null ? ReadingState.Absent : ZesStatus.StateOf(_fan(fan, Percent, &speed), "zesFanGetState");
        return state != ReadingState.Present ? new Reading(state, 0) : speed is >= 0 and <= 200 ? Reading.Of(speed / 100.0) : Reading.Absent; // -1: it cannot be measured
    }

    private static IEnumerable<ZesPart> Each(nint[] handles, Func<nint, (ReadingState State, uint Type, byte OnTile, uint Tile)> ask)
    {
        foreach (var handle in handles)
        {
            if (ask(handle) is (ReadingState.Present, var type, var onTile, var tile) && (onTile == 0 || tile < 16))
                yield return new ZesPart(handle, type, onTile == 0 ? null : (int)tile);
        }
    }
}
