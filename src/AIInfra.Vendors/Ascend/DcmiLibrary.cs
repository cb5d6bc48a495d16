using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Ascend;

/// <summary>What a chip calls itself.</summary>
internal sealed record DcmiName(string? Type, string? Name, string? Npu, int? Cores);

/// <summary>The entry points of <c>libdcmi.so</c>, as a table of function pointers. Codes, structs and pointers stop here: out come readings,
/// records and <see cref="VendorException"/>, in base units.</summary>
/// <remarks>Source: dcmi_interface_api.h and dcmi_interface_api_v2.h of mind-cluster 22bb3d98. Most calls go through the chip's message channel
/// and may block for as long as its firmware hangs. This file: life cycle and identity; the others by topic.</remarks>
internal sealed unsafe partial class DcmiLibrary
{
    public const int MostCards = 64, MostChipsOfCard = 4, MostChips = MostCards * MostChipsOfCard;
    private const int VersionLength = 64;
    private const int VDie = 1; // dcmi_die_type
    private const int RoCE = 1; // dcmi_port_type
    private const uint NoValue = uint.MaxValue;

    private readonly bool _isNewer;
    private readonly delegate* unmanaged[Cdecl]<int> _init;
    private readonly nint _list, _chipsOfCard, _logicId, _phyId, _version, _elabel;
    private readonly DcmiCall _chip, _pcie, _board, _die, _memory, _info, _ip, _outband;
    private readonly TelemetryCalls _telemetry;
    private readonly FaultCalls _faults;

    internal DcmiLibrary(LibraryExports exports)
    {
        _isNewer = exports.Find("dcmiv2_init") != 0;
        DcmiCall Call(string name, string newer) => new(exports, _isNewer, name, newer);
        _init = (delegate* unmanaged[Cdecl]<int>)exports.Require(_isNewer ? "dcmiv2_init" : "dcmi_init");
        _list = exports.Require(_isNewer ? "dcmiv2_get_device_list" : "dcmi_get_card_list");
        _chipsOfCard = _isNewer ? 0 : exports.Require("dcmi_get_device_num_in_card");
        _logicId = exports.Find("dcmi_get_device_logic_id");
        _phyId = exports.Find(_isNewer ? "dcmiv2_get_chip_phy_id_by_dev_id" : "dcmi_get_device_phyid_from_logicid");
        _version = exports.Find(_isNewer ? "dcmiv2_get_dcmi_version" : "dcmi_get_dcmi_version");
        _elabel = exports.Find(_isNewer ? "dcmiv2_get_device_elabel_info" : "dcmi_get_card_elabel_v2");
        _chip = Call("dcmi_get_device_chip_info_v2", "dcmiv2_get_device_chip_info");
        _pcie = Call("dcmi_get_device_pcie_info_v2", "dcmiv2_get_device_pcie_info");
        _board = Call("dcmi_get_device_board_info", "dcmiv2_get_device_board_info");
        _die = Call("dcmi_get_device_die_v2", "dcmiv2_get_device_die_id");
        _memory = Call("dcmi_get_device_memory_info_v3", "");
        _info = Call("dcmi_get_device_info", "dcmiv2_get_device_info");
        _ip = Call("dcmi_get_device_ip", "");
        _outband = Call("dcmi_get_device_outband_channel_state", "dcmiv2_get_device_outband_channel_state");
        _telemetry = new TelemetryCalls(exports, _isNewer);
        _faults = new FaultCalls(exports, _isNewer);
        IsSimulated = exports.IsSimulated;
    }

    public static LibrarySearch Search { get; } = new("ascend", "the Ascend driver", "DCMI",
        ["/usr/local/Ascend/driver/lib64/driver", "/usr/local/dcmi", "/usr/local/Ascend/driver/lib64/common", "/usr/local/Ascend/driver/lib64"])
    {
        MissingLibrary = (int)DcmiReturn.LibraryMissing,
        MissingFunction = (int)DcmiReturn.FunctionMissing,
    };

    /// <summary>The library is one of this project's simulators.</summary>
    public bool IsSimulated { get; }

    /// <summary>Connects to the driver, once for a process: there is no way back.</summary>
    /// <exception cref="VendorException">Refused: no permission. Transient: the driver is starting.</exception>
    public void Init() => DcmiStatus.ThrowUnlessOk((DcmiReturn)_init(), _isNewer ? "dcmiv2_init" : "dcmi_init");

    /// <summary>All chips, by card and place on it.</summary>
    /// <exception cref="VendorException">The driver does not say.</exception>
    public ImmutableArray<DcmiChip> Chips()
    {
        var numbers = stackalloc int[MostChips];
        new Span<int>(numbers, MostChips).Fill(-1);
        int count = 0, most = _isNewer ? MostChips : MostCards;
        var call = _isNewer ? "dcmiv2_get_device_list" : "dcmi_get_card_list";
        var status = (DcmiReturn)(_isNewer
            ? ((delegate* unmanaged[Cdecl]<int*, int*, int, int>)_list)(numbers, &count, most)
            : ((delegate* unmanaged[Cdecl]<int*, int*, int, int>)_list)(&count, numbers, most));
        if (DcmiStatus.IsLost(status))
            return []; // the driver runs and has none
        DcmiStatus.ThrowUnlessOk(status, call);
        if (count < 0 || count > most)
            throw new VendorException(call, 0, VendorFault.Transient, string.Create(CultureInfo.InvariantCulture, $"it answered success and {count} of at most {most}; the answer is not usable"));
        var listed = new Span<int>(numbers, count).ToArray();
        if (listed.Any(number => number < 0) || listed.Distinct().Count() != count)
            throw new VendorException(call, 0, VendorFault.Transient, "it answered success and a list that is empty or repeats itself; the answer is not usable");
        Array.Sort(listed);
        return [.. listed.SelectMany(number => _isNewer ? [new DcmiChip(number, number)] : ChipsOf(number))];
    }

    private DcmiChip[] ChipsOf(int card)
    {
        int count = 0;
        var status = (DcmiReturn)((delegate* unmanaged[Cdecl]<int, int*, int>)_chipsOfCard)(card, &count);
        if (status != DcmiReturn.Success || count is < 1 or > MostChipsOfCard)
            count = 1; // it has one at least, which says itself what is wrong when it is asked
        return [.. Enumerable.Range(0, count).Select(device => new DcmiChip(card, device))];
    }

    /// <summary>Null when the library does not say.</summary>
    public string? Version()
    {
        if (_version == 0)
            return null;
        Span<byte> text = stackalloc byte[VersionLength];
        text.Clear();
        fixed (byte* start = text)
            return ((delegate* unmanaged[Cdecl]<byte*, int, int>)_version)(start, VersionLength) == 0 ? LibraryText.Of(text) : null;
    }

    /// <summary>The order on this host, from 0; null when the driver does not say.</summary>
    public int? LogicId(DcmiChip chip)
    {
        if (_isNewer)
            return chip.Device;
        int id = -1;
        return _logicId != 0 && ((delegate* unmanaged[Cdecl]<int*, int, int, int>)_logicId)(&id, chip.Card, chip.Device) == 0 && id is >= 0 and < MostChips ? id : null;
    }

    /// <summary>The N of <c>/dev/davinciN</c>; null when the driver does not say.</summary>
    public int? PhyId(int logicId)
    {
        uint id = NoValue;
        return _phyId != 0 && ((delegate* unmanaged[Cdecl]<uint, uint*, int>)_phyId)((uint)logicId, &id) == 0 && id < 1024 ? (int)id : null;
    }

    /// <exception cref="VendorException">The chip is lost.</exception>
    public DcmiName Name(DcmiChip chip)
    {
        DcmiChipInfo info = default;
        return DcmiStatus.StateOf(_chip.On(chip, &info), _chip.Name) == ReadingState.Present
            ? new DcmiName(LibraryText.Of(info.ChipType), LibraryText.Of(info.ChipName), LibraryText.Of(info.NpuName), info.AicoreCnt is > 0 and < 1024 ? (int)info.AicoreCnt : null)
            : new DcmiName(null, null, null, null);
    }

    /// <summary>PCI address as sysfs writes it, and the device id; null when the driver does not say.</summary>
    /// <exception cref="VendorException">The chip is lost.</exception>
    public (string Address, int DeviceId)? Pcie(DcmiChip chip)
    {
        DcmiPcieInfo info = default;
        if (DcmiStatus.StateOf(_pcie.On(chip, &info), _pcie.Name) != ReadingState.Present)
            return null;
        if ((info.Venderid & 0xffff) == 0 || info.Domain is < 0 or > 0xffff || info.BdfBusid > 0xff || info.BdfDeviceid > 0x1f || info.BdfFuncid > 7)
            return null; // success, and nothing in it
        return (string.Create(CultureInfo.InvariantCulture, $"{info.Domain:x4}:{info.BdfBusid:x2}:{info.BdfDeviceid:x2}.{info.BdfFuncid}"), (int)(info.Deviceid & 0xffff));
    }

    /// <summary>The id that is burnt into the die, as the vendor's exporter writes it; null when the driver does not say.</summary>
    /// <exception cref="VendorException">The chip is lost.</exception>
    public string? Die(DcmiChip chip)
    {
        DcmiDieId id = default;
        if (DcmiStatus.StateOf(_die.On(chip, VDie, &id), _die.Name) != ReadingState.Present)
            return null;
        ReadOnlySpan<uint> words = id.SocDie;
        return words.ContainsAnyExcept(0u, NoValue) ? string.Join('-', words.ToArray().Select(word => word.ToString("X8", CultureInfo.InvariantCulture))) : null;
    }

    /// <summary>Says which product the board is; null when the driver does not say.</summary>
    public int? BoardId(DcmiChip chip)
    {
        DcmiBoardInfo info = default;
        return _board.On(chip, &info) == DcmiReturn.Success && info.BoardId is > 0 and < 0x10000 ? (int)info.BoardId : null;
    }

    /// <summary>Of the card; null where it has none.</summary>
    public string? Serial(DcmiChip chip)
    {
        DcmiElabelInfo info = default;
        var of = _isNewer ? chip.Device : chip.Card;
        return _elabel != 0 && ((delegate* unmanaged[Cdecl]<int, DcmiElabelInfo*, int>)_elabel)(of, &info) == 0 && LibraryText.Of(info.SerialNumber) is { } serial && serial != "NA" ? serial : null;
    }

    /// <summary>The address of the chip's own RoCE port; null where it has none.</summary>
    public string? RoCEAddress(DcmiChip chip)
    {
        DcmiIpAddr address = default, mask = default;
        if (_ip.On(chip, RoCE, 0, &address, &mask) != DcmiReturn.Success)
            return null;
        ReadOnlySpan<byte> bytes = address.UAddr;
        bytes = address.IpType == 1 ? bytes : bytes[..4];
        return bytes.ContainsAnyExcept((byte)0) ? new System.Net.IPAddress(bytes).ToString() : null;
    }

    /// <summary>Whether a reset can come from outside the chip; null when the driver does not say.</summary>
    public bool? HasOutband(DcmiChip chip)
    {
        int state = -1;
        return _outband.On(chip, &state) == DcmiReturn.Success ? state == 1 : null;
    }

    /// <summary>The super pod that it is part of; null where there is none.</summary>
    public uint? SuperPod(DcmiChip chip)
    {
        DcmiSpodInfo info = default;
        return Query(chip, 12, 1, &info, sizeof(DcmiSpodInfo)) == DcmiReturn.Success
            && info.SuperPodId != NoValue && (info.Sdid | info.ScaleType | info.SuperPodId | info.ServerId) != 0 ? info.SuperPodId : null;
    }

    private DcmiReturn Query(DcmiChip chip, uint main, uint sub, void* buffer, int bytes)
    {
        var size = (uint)bytes;
        var status = _info.On(chip, main, sub, buffer, &size);
        return status == DcmiReturn.Success && size == 0 ? DcmiReturn.NotSupported : status; // success, and an empty buffer
    }
}
