using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using AIInfra.Core.VendorHost;
using AIInfra.Vendors.Ascend;

namespace AIInfra.UnitTests.Vendors.Ascend;

/// <summary>One chip as the fake library tells it.</summary>
internal sealed class FakeChip
{
    public string Name { get; set; } = "910B3";
    public string Type { get; set; } = "Ascend";
    public string Npu { get; set; } = "";
    public int Phy { get; set; }
    public uint Board { get; set; } = 0x34;
    public uint Bus { get; set; }
    public uint PciDevice { get; set; } = 0xd802;
    public uint[] Die { get; set; } = [];
    public uint Health { get; set; }
    public List<uint> Codes { get; } = [];
    public uint Network { get; set; }
    public uint SingleBit { get; set; }
    public List<(uint Id, string Template, float Cores)> Parts { get; } = [];
    /// <summary>Every call about it answers this.</summary>
    public int Status { get; set; }
}

/// <summary>DCMI as a table of functions in this process: what a library answers, without a library. One for the process, as DCMI itself is.</summary>
internal static unsafe class FakeDcmi
{
    /// <summary>Tests on it run one after the other.</summary>
    public const string Collection = "fake DCMI";

    public static List<List<FakeChip>> Cards { get; } = [];
    /// <summary>Functions that the library does not have.</summary>
    public static HashSet<string> Missing { get; } = [];
    public static int InitStatus { get; set; }
    /// <summary>The number of cards that is told, in place of the true one.</summary>
    public static int? CountLie { get; set; }
    /// <summary>Answers succeed and fill in nothing.</summary>
    public static bool IsEmpty { get; set; }
    /// <summary>Answers succeed and are full of ones.</summary>
    public static bool IsGarbage { get; set; }
    /// <summary>The second generation of the interface.</summary>
    public static bool IsNewer { get; set; }

    private static delegate* unmanaged[Cdecl]<DcmiEvent*, void> _handler;

    /// <summary>So many cards of one chip, all well.</summary>
    public static void Reset(int cards, string name = "910B3", uint pciDevice = 0xd802, int chipsOfCard = 1)
    {
        Cards.Clear();
        Missing.Clear();
        (InitStatus, CountLie, IsEmpty, IsGarbage, IsNewer) = (0, null, false, false, false);
        for (var card = 0; card < cards; card++)
        {
            Cards.Add([.. Enumerable.Range(0, chipsOfCard).Select(chip => card * chipsOfCard + chip).Select(number => new FakeChip
            {
                Name = name, PciDevice = pciDevice, Phy = number, Bus = (uint)(1 + card), Die = [(uint)number + 1, 0x20E0B0D4, 0x11111111, 0x22222222, 0x33333333],
            })]);
        }
    }

    public static FakeChip Chip(int card, int chip = 0) => Cards[card][chip];

    public static LibraryExports Exports() => new(name => Missing.Contains(name) ? 0 : Symbols.GetValueOrDefault(name), DcmiLibrary.Search);

    /// <summary>The driver calls back.</summary>
    public static void Tell(int logicId, uint code, byte assertion, byte severity = 2)
    {
        var happened = new DcmiEvent { EventT = new DcmiFaultEvent { EventId = code, Deviceid = (ushort)logicId, Assertion = assertion, Severity = severity } };
        _handler(&happened);
    }

    private static Dictionary<string, nint> Symbols => IsNewer ? Newer : First;

    private static readonly Dictionary<string, nint> First = new(StringComparer.Ordinal)
    {
        ["dcmi_init"] = (nint)(delegate* unmanaged[Cdecl]<int>)&Init,
        ["dcmi_get_card_list"] = (nint)(delegate* unmanaged[Cdecl]<int*, int*, int, int>)&CardList,
        ["dcmi_get_device_num_in_card"] = (nint)(delegate* unmanaged[Cdecl]<int, int*, int>)&ChipsOfCard,
        ["dcmi_get_device_logic_id"] = (nint)(delegate* unmanaged[Cdecl]<int*, int, int, int>)&LogicId,
        ["dcmi_get_device_phyid_from_logicid"] = (nint)(delegate* unmanaged[Cdecl]<uint, uint*, int>)&PhyId,
        ["dcmi_get_dcmi_version"] = (nint)(delegate* unmanaged[Cdecl]<byte*, int, int>)&Version,
        ["dcmi_get_device_chip_info_v2"] = (nint)(delegate* unmanaged[Cdecl]<int, int, DcmiChipInfo*, int>)&ChipInfo,
        ["dcmi_get_device_pcie_info_v2"] = (nint)(delegate* unmanaged[Cdecl]<int, int, DcmiPcieInfo*, int>)&Pcie,
        ["dcmi_get_device_board_info"] = (nint)(delegate* unmanaged[Cdecl]<int, int, DcmiBoardInfo*, int>)&Board,
        ["dcmi_get_device_die_v2"] = (nint)(delegate* unmanaged[Cdecl]<int, int, int, DcmiDieId*, int>)&Die,
        ["dcmi_get_device_health"] = (nint)(delegate* unmanaged[Cdecl]<int, int, uint*, int>)&Health,
        ["dcmi_get_device_errorcode_v2"] = (nint)(delegate* unmanaged[Cdecl]<int, int, int*, uint*, uint, int>)&Codes,
        ["dcmi_subscribe_fault_event"] = (nint)(delegate* unmanaged[Cdecl]<int, int, DcmiEventFilter, delegate* unmanaged[Cdecl]<DcmiEvent*, void>, int>)&Subscribe,
        ["dcmi_get_device_temperature"] = (nint)(delegate* unmanaged[Cdecl]<int, int, int*, int>)&Temperature,
        ["dcmi_get_device_voltage"] = (nint)(delegate* unmanaged[Cdecl]<int, int, uint*, int>)&Voltage,
        ["dcmi_get_device_power_info"] = (nint)(delegate* unmanaged[Cdecl]<int, int, int*, int>)&Power,
        ["dcmi_get_device_utilization_rate"] = (nint)(delegate* unmanaged[Cdecl]<int, int, int, uint*, int>)&Utilization,
        ["dcmi_get_device_frequency"] = (nint)(delegate* unmanaged[Cdecl]<int, int, int, uint*, int>)&Frequency,
        ["dcmi_get_device_hbm_info"] = (nint)(delegate* unmanaged[Cdecl]<int, int, DcmiHbmInfo*, int>)&Hbm,
        ["dcmi_get_device_ecc_info"] = (nint)(delegate* unmanaged[Cdecl]<int, int, int, DcmiEccInfo*, int>)&Ecc,
        ["dcmi_get_device_network_health"] = (nint)(delegate* unmanaged[Cdecl]<int, int, uint*, int>)&Network,
        ["dcmi_get_device_resource_info"] = (nint)(delegate* unmanaged[Cdecl]<int, int, DcmiProcMemInfo*, int*, int>)&Processes,
        ["dcmi_get_device_info"] = (nint)(delegate* unmanaged[Cdecl]<int, int, uint, uint, byte*, uint*, int>)&Info,
    };

    private static readonly Dictionary<string, nint> Newer = new(StringComparer.Ordinal)
    {
        ["dcmiv2_init"] = (nint)(delegate* unmanaged[Cdecl]<int>)&Init,
        ["dcmiv2_get_device_list"] = (nint)(delegate* unmanaged[Cdecl]<int*, int*, int, int>)&DeviceList,
        ["dcmiv2_get_chip_phy_id_by_dev_id"] = (nint)(delegate* unmanaged[Cdecl]<uint, uint*, int>)&PhyId,
        ["dcmiv2_get_device_chip_info"] = (nint)(delegate* unmanaged[Cdecl]<int, DcmiChipInfo*, int>)&NewerChipInfo,
        ["dcmiv2_get_device_health"] = (nint)(delegate* unmanaged[Cdecl]<int, uint*, int>)&NewerHealth,
        ["dcmiv2_get_device_temperature"] = (nint)(delegate* unmanaged[Cdecl]<int, int*, int>)&NewerTemperature,
    };

    private static IEnumerable<FakeChip> All => Cards.SelectMany(chips => chips);

    /// <summary>What every call about a chip does first.</summary>
    /// <returns>Null: answer with the status.</returns>
    private static FakeChip? Ask<T>(int card, int device, T* answer, out int status) where T : unmanaged
    {
        var chip = card >= 0 && card < Cards.Count && device >= 0 && device < Cards[card].Count ? Cards[card][device] : null;
        status = chip?.Status ?? (int)DcmiReturn.InvalidDevice;
        if (status != 0)
            return null;
        if (IsGarbage)
            new Span<byte>(answer, sizeof(T)).Fill(0xff);
        if (!IsEmpty && !IsGarbage)
            return chip;
        return null;
    }

    private static void Write(Span<byte> place, string text) => Encoding.UTF8.GetBytes(text, place);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Init() => InitStatus;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int CardList(int* count, int* list, int length)
    {
        *count = CountLie ?? Cards.Count;
        for (var card = 0; card < Math.Min(Cards.Count, length) && !IsEmpty; card++)
            list[card] = card;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int DeviceList(int* list, int* count, int length)
    {
        *count = All.Count();
        for (var device = 0; device < *count; device++)
            list[device] = device;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int ChipsOfCard(int card, int* count)
    {
        *count = IsGarbage ? int.MaxValue : Cards[card].Count;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int LogicId(int* id, int card, int device)
    {
        *id = Cards.Take(card).Sum(chips => chips.Count) + device;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int PhyId(uint logic, uint* id)
    {
        *id = (uint)All.ElementAt((int)logic).Phy;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Version(byte* text, int length)
    {
        Write(new Span<byte>(text, length), "24.1.0");
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int ChipInfo(int card, int device, DcmiChipInfo* info) => Fill(Ask(card, device, info, out var status), info, status);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int NewerChipInfo(int device, DcmiChipInfo* info) => Fill(All.ElementAt(device), info, 0);

    private static int Fill(FakeChip? chip, DcmiChipInfo* info, int status)
    {
        if (chip is null)
            return status;
        Write(info->ChipType, chip.Type);
        Write(info->ChipName, chip.Name);
        Write(info->NpuName, chip.Npu);
        info->AicoreCnt = 20;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Pcie(int card, int device, DcmiPcieInfo* info)
    {
        if (Ask(card, device, info, out var status) is { } chip)
            *info = new DcmiPcieInfo { Venderid = 0x19e5, Deviceid = chip.PciDevice, BdfBusid = chip.Bus };
        return status;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Board(int card, int device, DcmiBoardInfo* info)
    {
        if (Ask(card, device, info, out var status) is { } chip)
            info->BoardId = chip.Board;
        return status;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Die(int card, int device, int type, DcmiDieId* id)
    {
        if (Ask(card, device, id, out var status) is { } chip)
            chip.Die.CopyTo((Span<uint>)id->SocDie);
        return type == 1 ? status : (int)DcmiReturn.Parameter;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Health(int card, int device, uint* health)
    {
        if (Ask(card, device, health, out var status) is { } chip)
            *health = chip.Health;
        else if (status == 0)
            *health = 0;
        return status;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int NewerHealth(int device, uint* health)
    {
        *health = All.ElementAt(device).Health;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Codes(int card, int device, int* count, uint* list, uint length)
    {
        if (Ask(card, device, count, out var status) is { } chip)
        {
            *count = chip.Codes.Count;
            chip.Codes.CopyTo(new Span<uint>(list, (int)length));
        }
        else if (IsEmpty)
        {
            *count = 3; // and a list of nothing
        }
        return status;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Subscribe(int card, int device, DcmiEventFilter filter, delegate* unmanaged[Cdecl]<DcmiEvent*, void> handler)
    {
        if (card != -1 || device != -1 || filter.FilterFlag != 0)
            return (int)DcmiReturn.Parameter;
        _handler = handler;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Temperature(int card, int device, int* degrees)
    {
        if (Ask(card, device, degrees, out var status) is not null)
            *degrees = 45;
        return status;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int NewerTemperature(int device, int* degrees)
    {
        *degrees = 50 + device;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Voltage(int card, int device, uint* hundredths)
    {
        if (Ask(card, device, hundredths, out var status) is not null)
            *hundredths = 85;
        return status;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Power(int card, int device, int* tenths)
    {
        if (Ask(card, device, tenths, out var status) is not null)
            *tenths = 1234;
        return status;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Utilization(int card, int device, int type, uint* percent)
    {
        if (Ask(card, device, percent, out var status) is not null)
            *percent = type switch { 2 => 40, 12 => 12, 13 => 55, 14 => 14, _ => 0 };
        return status;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Frequency(int card, int device, int type, uint* megahertz)
    {
        if (Ask(card, device, megahertz, out var status) is not null)
            *megahertz = type switch { 7 => 1650, 9 => 1800, 6 => 1600, _ => 0 };
        return status;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Hbm(int card, int device, DcmiHbmInfo* info)
    {
        if (Ask(card, device, info, out var status) is not null)
            *info = new DcmiHbmInfo { MemorySize = 65536, MemoryUsage = 16384, Temp = 48, BandwithUtilRate = 7, Freq = 1600 };
        return status;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Ecc(int card, int device, int type, DcmiEccInfo* info)
    {
        if (Ask(card, device, info, out var status) is { } chip)
            *info = new DcmiEccInfo { EnableFlag = 1, SingleBitErrorCnt = chip.SingleBit, DoubleBitErrorCnt = 1, TotalSingleBitErrorCnt = 30, TotalDoubleBitErrorCnt = 2, SingleBitIsolatedPagesCnt = 4 };
        return type == 2 ? status : (int)DcmiReturn.NotSupported;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Network(int card, int device, uint* result)
    {
        if (Ask(card, device, result, out var status) is { } chip)
            *result = chip.Network;
        return status;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Processes(int card, int device, DcmiProcMemInfo* list, int* count)
    {
        if (Ask(card, device, count, out var status) is not null)
        {
            list[0] = new DcmiProcMemInfo { ProcId = 4242, ProcMemUsage = 1 << 30 };
            *count = 1;
        }
        return status;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Info(int card, int device, uint main, uint sub, byte* buffer, uint* size)
    {
        var given = *size;
        if (Ask(card, device, buffer, out var status) is not { } chip)
        {
            *size = IsEmpty ? 0 : *size;
            if (IsGarbage)
                new Span<byte>(buffer, (int)given).Fill(0xff);
            return status;
        }
        switch (main, sub)
        {
            case (16, 5) when given == sizeof(DcmiHccsStatistic):
                var counts = new DcmiHccsStatistic();
                (counts.TxCnt[1], counts.RxCnt[1], counts.CrcErrCnt[1], counts.RetryCnt[2]) = (1000, 2000, 3, 5);
                *(DcmiHccsStatistic*)buffer = counts;
                return 0;
            case (52, 1) when given == sizeof(DcmiSocTotalResource):
                var total = new DcmiSocTotalResource { VdevNum = (uint)chip.Parts.Count };
                for (var part = 0; part < chip.Parts.Count; part++)
                    total.VdevId[part] = chip.Parts[part].Id;
                *(DcmiSocTotalResource*)buffer = total;
                return 0;
            case (52, 0 or 5) when given == sizeof(DcmiVdevQuery):
                var query = (DcmiVdevQuery*)buffer;
                var found = chip.Parts.Find(part => part.Id == query->VdevId);
                Write(query->QueryInfo.Name, found.Template);
                query->QueryInfo.Computing = new DcmiComputingResource { Aic = found.Cores, MemorySize = 8192, VdevAicoreUtilization = 25, VdevMemoryTotal = 8 << 20, VdevMemoryFree = 6 << 20 };
                return 0;
            default:
                return (int)DcmiReturn.NotSupported;
        }
    }
}
