using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using AIInfra.Core.VendorHost;
using AIInfra.Vendors.Cambricon;

namespace AIInfra.UnitTests.Vendors.Cambricon;

/// <summary>One board as the fake library tells it.</summary>
internal sealed class FakeMlu
{
    public string Uuid { get; set; } = "";
    public ulong Number { get; set; }
    public string? Model { get; set; } = "MLU370-X8";
    public int NameId { get; set; } = 23;
    public ulong Serial { get; set; }
    public ulong MotherBoard { get; set; } = 0x7a;
    public uint Bus { get; set; }
    public int Numa { get; set; }
    public int Health { get; set; } = 1;
    public int DeviceState { get; set; } = 1;
    public int DriverState { get; set; } = 4;
    public uint Heartbeats { get; set; } = 100;
    public List<(int Code, int Result)> Incidents { get; } = [];
    public uint? IncidentLie { get; set; }
    public int Utilization { get; set; } = 37;
    public long UsedMegabytes { get; set; } = 1024;
    public int ComputeMode { get; set; }
    public ulong Uncorrected { get; set; }
    public uint FailedRows { get; set; }
    public long Energy { get; set; } = 5_000_000;
    public int Processes { get; set; } = 2;
    /// <summary>Of each port: whether it is up, and the board at its other end; -1 for a switch.</summary>
    public List<(bool IsUp, int Peer)> Ports { get; } = [];
    public List<(string Profile, string Uuid)> Mim { get; } = [];
    public List<(string Profile, string Uuid)> Smlu { get; } = [];
    public bool IsMim { get; set; }
    public bool IsSmlu { get; set; }
    /// <summary>Every call about it answers this.</summary>
    public CndevReturn Status { get; set; }
}

/// <summary>CNDEV as a table of functions in this process: what a library answers, without a library. One for the process, as CNDEV itself is.</summary>
internal static unsafe class FakeCndev
{
    /// <summary>Tests on it run one after the other.</summary>
    public const string Collection = "fake CNDEV";
    private const int Handle = 1000; // no handle is an index

    private static readonly nint _name = Marshal.StringToCoTaskMemUTF8(new string(' ', 100));

    public static List<FakeMlu> Boards { get; } = [];
    /// <summary>Functions that the library does not have.</summary>
    public static HashSet<string> Missing { get; } = [];
    public static CndevReturn InitStatus { get; set; }
    /// <summary>The number of boards that is told, in place of the true one.</summary>
    public static uint? CountLie { get; set; }
    /// <summary>The version of the structs that it knows.</summary>
    public static int Version { get; set; }
    /// <summary>Answers succeed and are full of ones.</summary>
    public static bool IsGarbage { get; set; }
    /// <summary>Every board says this number.</summary>
    public static uint? MinorLie { get; set; }
    /// <summary>Answers about this board succeed and fill nothing in.</summary>
    public static int? Empty { get; set; }
    public static int Released { get; private set; }
    public static Queue<(int Board, ulong Type, ulong Data, uint Instance)> Events { get; } = new();

    /// <summary>So many boards, all well; two of a card where a card has two chips.</summary>
    public static void Reset(int boards, int chipsOfCard = 1)
    {
        Boards.Clear();
        Missing.Clear();
        Events.Clear();
        (InitStatus, CountLie, Version, IsGarbage, Released, Empty, MinorLie) = (CndevReturn.Success, null, Cndev.Version, false, 0, null, null);
        for (var board = 0; board < boards; board++)
        {
            Boards.Add(new FakeMlu
            {
                Uuid = $"{board:x8}-1111-2222-3333-444444444444",
                Number = (ulong)(0x9000 + board),
                Serial = (ulong)(0x1000 + board / chipsOfCard),
                Bus = (uint)(1 + board),
                Numa = board * 2 / Math.Max(boards, 1),
            });
        }
    }

    /// <summary>Joins two boards by so many links.</summary>
    public static void Link(int one, int other, int count = 1)
    {
        for (; count > 0; count--)
        {
            Boards[one].Ports.Add((true, other));
            Boards[other].Ports.Add((true, one));
        }
    }

    public static LibraryExports Exports() => new(name => Missing.Contains(name) ? 0 : Symbols.GetValueOrDefault(name), CambriconLibrary.Search);

    private static readonly Dictionary<string, nint> Symbols = new(StringComparer.Ordinal)
    {
        ["cndevInit"] = (nint)(delegate* unmanaged[Cdecl]<int, int>)&Init,
        ["cndevRelease"] = (nint)(delegate* unmanaged[Cdecl]<int>)&Release,
        ["cndevGetLibVersion"] = (nint)(delegate* unmanaged[Cdecl]<CndevLibVersionInfo*, int>)&LibraryVersion,
        ["cndevGetDeviceCount"] = (nint)(delegate* unmanaged[Cdecl]<CndevCardInfo*, int>)&Count,
        ["cndevGetDeviceHandleByIndex"] = (nint)(delegate* unmanaged[Cdecl]<int, int*, int>)&ByIndex,
        ["cndevGetDeviceHandleByPciBusId"] = (nint)(delegate* unmanaged[Cdecl]<byte*, int*, int>)&ByAddress,
        ["cndevGetCardNameStringByDevId"] = (nint)(delegate* unmanaged[Cdecl]<int, nint>)&ModelName,
        ["cndevGetCardName"] = (nint)(delegate* unmanaged[Cdecl]<CndevCardName*, int, int>)&Name,
        ["cndevGetCardSN"] = (nint)(delegate* unmanaged[Cdecl]<CndevCardSN*, int, int>)&Serial,
        ["cndevGetUUID"] = (nint)(delegate* unmanaged[Cdecl]<CndevUUID*, int, int>)&Uuid,
        ["cndevDeviceGetMinorNumber"] = (nint)(delegate* unmanaged[Cdecl]<uint*, int, int>)&Minor,
        ["cndevGetPCIeInfoV2"] = (nint)(delegate* unmanaged[Cdecl]<CndevPCIeInfoV2*, int, int>)&Pci,
        ["cndevGetNUMANodeIdByDevId"] = (nint)(delegate* unmanaged[Cdecl]<CndevNUMANodeId*, int, int>)&Numa,
        ["cndevGetVersionInfo"] = (nint)(delegate* unmanaged[Cdecl]<CndevVersionInfo*, int, int>)&Versions,
        ["cndevTopologyGetRelationship"] = (nint)(delegate* unmanaged[Cdecl]<CndevTopologyRelationship*, int, int, int>)&Relation,
        ["cndevGetCardHealthStateV2"] = (nint)(delegate* unmanaged[Cdecl]<CndevCardHealthStateV2*, int, int>)&HealthV2,
        ["cndevGetCardHealthState"] = (nint)(delegate* unmanaged[Cdecl]<CndevCardHealthState*, int, int>)&Health,
        ["cndevGetCardHeartbeatCount"] = (nint)(delegate* unmanaged[Cdecl]<CndevCardHeartbeatCount*, int, int>)&Heartbeat,
        ["cndevGetDeviceUtilizationInfo"] = (nint)(delegate* unmanaged[Cdecl]<CndevUtilizationInfo*, int, int>)&Utilization,
        ["cndevGetMemoryUsageV2"] = (nint)(delegate* unmanaged[Cdecl]<CndevMemoryInfoV2*, int, int>)&Memory,
        ["cndevGetTemperatureInfo"] = (nint)(delegate* unmanaged[Cdecl]<CndevTemperatureInfo*, int, int>)&Temperature,
        ["cndevGetDevicePowerInfo"] = (nint)(delegate* unmanaged[Cdecl]<CndevDevicePowerInfo*, int, int>)&Power,
        ["cndevGetFanSpeedInfo"] = (nint)(delegate* unmanaged[Cdecl]<CndevFanSpeedInfo*, int, int>)&Fan,
        ["cndevGetECCInfo"] = (nint)(delegate* unmanaged[Cdecl]<CndevECCInfo*, int, int>)&Ecc,
        ["cndevGetRemappedRows"] = (nint)(delegate* unmanaged[Cdecl]<CndevRemappedRow*, int, int>)&Remapped,
        ["cndevGetRetiredPages"] = (nint)(delegate* unmanaged[Cdecl]<CndevRetiredPageInfo*, int, int>)&Retired,
        ["cndevGetComputeMode"] = (nint)(delegate* unmanaged[Cdecl]<CndevComputeMode*, int, int>)&Mode,
        ["cndevGetProcessInfo"] = (nint)(delegate* unmanaged[Cdecl]<uint*, CndevProcessInfo*, int, int>)&Processes,
        ["cndevDeviceGetFieldValues"] = (nint)(delegate* unmanaged[Cdecl]<int, int, CndevFieldValue*, int>)&Fields,
        ["cndevGetMLULinkPortNumber"] = (nint)(delegate* unmanaged[Cdecl]<int, int>)&Ports,
        ["cndevGetMLULinkStatusV2"] = (nint)(delegate* unmanaged[Cdecl]<CndevMLULinkStatusV2*, int, int, int>)&PortStatus,
        ["cndevGetMLULinkRemoteInfo"] = (nint)(delegate* unmanaged[Cdecl]<CndevMLULinkRemoteInfo*, int, int, int>)&PortRemote,
        ["cndevGetMLULinkCounter"] = (nint)(delegate* unmanaged[Cdecl]<CndevMLULinkCounter*, int, int, int>)&PortCounter,
        ["cndevGetMimMode"] = (nint)(delegate* unmanaged[Cdecl]<CndevMimMode*, int, int>)&MimMode,
        ["cndevGetSMLUMode"] = (nint)(delegate* unmanaged[Cdecl]<CndevSMLUMode*, int, int>)&SmluMode,
        ["cndevGetAllMluInstanceInfo"] = (nint)(delegate* unmanaged[Cdecl]<int*, CndevMluInstanceInfo*, int, int>)&MimInstances,
        ["cndevGetAllSMluInstanceInfo"] = (nint)(delegate* unmanaged[Cdecl]<int*, CndevSMluInfo*, int, int>)&SmluInstances,
        ["cndevEventHandleCreate"] = (nint)(delegate* unmanaged[Cdecl]<nint*, int>)&CreateEvents,
        ["cndevRegisterEvents"] = (nint)(delegate* unmanaged[Cdecl]<nint, ulong, int, int>)&Register,
        ["cndevEventWait"] = (nint)(delegate* unmanaged[Cdecl]<nint, CndevEventData*, int, int>)&Wait,
        ["cndevEventHandleDestroy"] = (nint)(delegate* unmanaged[Cdecl]<nint, int>)&DestroyEvents,
    };

    /// <summary>Answers for a board: its status, a version that does not fit, all ones, or what the filler says.</summary>
    private static int Answer<T>(T* target, int handle, int version, Action<FakeMlu> fill) where T : unmanaged
    {
        var index = handle - Handle;
        if (index < 0 || index >= Boards.Count)
            return (int)CndevReturn.InvalidDeviceId;
        var board = Boards[index];
        if (board.Status != CndevReturn.Success)
            return (int)board.Status;
        if (version != 0 && version != Version)
            return (int)CndevReturn.UnsupportedApiVersion;
        if (Empty == index)
            return 0;
        if (IsGarbage)
            new Span<byte>(target, sizeof(T)).Fill(0xFF);
        else
            fill(board);
        return 0;
    }

    private static void Text(Span<byte> target, string text) => Encoding.UTF8.GetBytes(text).AsSpan().CopyTo(target);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Init(int reserved) => reserved == 0 ? (int)InitStatus : (int)CndevReturn.InvalidArgument;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Release()
    {
        Released++;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int LibraryVersion(CndevLibVersionInfo* info)
    {
        (info->LibMajorVersion, info->LibMinorVersion, info->LibBuildVersion) = (6, 2, 10);
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Count(CndevCardInfo* info)
    {
        if (info->Version != Version)
            return (int)CndevReturn.UnsupportedApiVersion;
        info->Number = CountLie ?? (uint)Boards.Count;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int ByIndex(int index, int* handle)
    {
        *handle = Handle + index;
        return index < Boards.Count ? 0 : (int)CndevReturn.InvalidDeviceId;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int ByAddress(byte* address, int* handle)
    {
        var text = Marshal.PtrToStringUTF8((nint)address);
        var board = Boards.FindIndex(board => $"0000:{board.Bus:x2}:00.0" == text);
        *handle = Handle + board;
        return board < 0 ? (int)CndevReturn.NotFound : 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint ModelName(int handle)
    {
        if (Boards[handle - Handle].Model is not { } model)
            return 0;
        var bytes = new Span<byte>((void*)_name, 100);
        bytes.Clear();
        Text(bytes, model);
        return _name;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Name(CndevCardName* info, int handle) => Answer(info, handle, info->Version, board => info->Id = board.NameId);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Serial(CndevCardSN* info, int handle) => Answer(info, handle, info->Version, board => (info->Sn, info->MotherBoardSn) = (board.Serial, board.MotherBoard));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Uuid(CndevUUID* info, int handle) => Answer(info, handle, info->Version, board =>
    {
        Text(info->Uuid, board.Uuid);
        info->NcsUUID64 = board.Number;
    });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Minor(uint* minor, int handle) => Answer(minor, handle, 0, _ => *minor = MinorLie ?? (uint)(handle - Handle));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Pci(CndevPCIeInfoV2* info, int handle) => Answer(info, handle, 0, board => *info = new CndevPCIeInfoV2 { Bus = board.Bus, Vendor = 0xcabc });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Numa(CndevNUMANodeId* info, int handle) => Answer(info, handle, info->Version, board => info->NodeId = board.Numa);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Versions(CndevVersionInfo* info, int handle) => Answer(info, handle, info->Version, _ => *info = new CndevVersionInfo
    {
        McuMajorVersion = 1,
        McuMinorVersion = 1,
        McuBuildVersion = 4,
        DriverMajorVersion = 5,
        DriverMinorVersion = 10,
        DriverBuildVersion = 22,
    });

    /// <summary>Two boards of a card are one; else a switch.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Relation(CndevTopologyRelationship* info, int one, int other) =>
        Answer(info, one, info->Version, board => info->Relation = board.Serial == Boards[other - Handle].Serial ? 1 : 2);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int HealthV2(CndevCardHealthStateV2* info, int handle) => Answer(info, handle, 0, board =>
    {
        (info->Health, info->DeviceState, info->DriverState) = (board.Health, board.DeviceState, board.DriverState);
        info->IncidentCount = board.IncidentLie ?? (uint)board.Incidents.Count;
        for (var place = 0; place < board.Incidents.Count; place++)
            (info->Incidents[place].Error.Code, info->Incidents[place].Health) = board.Incidents[place];
    });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Health(CndevCardHealthState* info, int handle) => Answer(info, handle, info->Version, board =>
        (info->Health, info->DeviceState, info->DriverState) = (board.Health, board.DeviceState, board.DriverState));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Heartbeat(CndevCardHeartbeatCount* info, int handle) => Answer(info, handle, info->Version, board => info->HeartbeatCount = board.Heartbeats);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Utilization(CndevUtilizationInfo* info, int handle) => Answer(info, handle, info->Version, board => info->AverageCoreUtilization = board.Utilization);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Memory(CndevMemoryInfoV2* info, int handle) => Answer(info, handle, 0, board =>
        *info = new CndevMemoryInfoV2 { PhysicalMemoryTotal = 24576, PhysicalMemoryUsed = board.UsedMegabytes, ReservedMemory = 512, GlobalMemory = 24000 });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Temperature(CndevTemperatureInfo* info, int handle) => Answer(info, handle, info->Version, _ => (info->Board, info->Chip) = (41, 52));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Power(CndevDevicePowerInfo* info, int handle) => Answer(info, handle, 0, _ => (info->Usage, info->Cap) = (77, 150));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Fan(CndevFanSpeedInfo* info, int handle) => Answer(info, handle, info->Version, _ => info->FanSpeed = -1);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Ecc(CndevECCInfo* info, int handle) => Answer(info, handle, info->Version, board => (info->CorrectedError, info->UncorrectedError) = (3, board.Uncorrected));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Remapped(CndevRemappedRow* info, int handle) => Answer(info, handle, info->Version, board => (info->CorrectRows, info->FailedRows) = (1, board.FailedRows));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Retired(CndevRetiredPageInfo* info, int handle) => Answer(info, handle, info->Version, _ => info->PageCount = info->Cause == 0 ? 7u : 2);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Mode(CndevComputeMode* info, int handle) => Answer(info, handle, info->Version, board => info->Mode = board.ComputeMode);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Processes(uint* count, CndevProcessInfo* rows, int handle)
    {
        var room = *count;
        var status = Answer(count, handle, rows->Version, board => *count = (uint)board.Processes);
        if (status != 0 || IsGarbage)
            return status;
        if (*count > room)
            return (int)CndevReturn.InsufficientSpace;
        for (var row = 0u; row < *count; row++)
            (rows[row].Pid, rows[row].PhysicalMemoryUsed) = (row + 1, 1024);
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Fields(int handle, int count, CndevFieldValue* values)
    {
        for (var row = 0; row < count; row++)
        {
            var value = values + row;
            var status = Answer(value, handle, 0, board =>
            {
                value->Ret = value->FieldId is 65 or 71 ? 0 : (int)CndevReturn.NotSupported;
                (value->Value, value->ValueType) = value->FieldId == 71 ? ((ulong)board.Energy, 6) : (50, 4);
            });
            if (status != 0)
                return status;
        }
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Ports(int handle) => IsGarbage ? -1 : Boards[handle - Handle].Ports.Count;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int PortStatus(CndevMLULinkStatusV2* info, int handle, int port) => Answer(info, handle, 0, board => *info = new CndevMLULinkStatusV2 { MacState = board.Ports[port].IsUp ? 1 : 0, SerdesState = 1 });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int PortRemote(CndevMLULinkRemoteInfo* info, int handle, int port) => Answer(info, handle, info->Version, board =>
    {
        var peer = board.Ports[port].Peer;
        info->ConnectType = peer < 0 ? 1 : 0;
        if (peer >= 0 && peer < Boards.Count)
        {
            Text(info->Uuid, Boards[peer].Uuid);
            info->NcsUUID64 = Boards[peer].Number;
        }
    });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int PortCounter(CndevMLULinkCounter* info, int handle, int port) => Answer(info, handle, info->Version, _ => (info->CntrReadByte, info->CntrWriteByte) = ((ulong)(1000 + port), 5));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int MimMode(CndevMimMode* info, int handle) => Answer(info, handle, info->Version, board => info->MimMode = board.IsMim ? 1 : 0);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SmluMode(CndevSMLUMode* info, int handle) => Answer(info, handle, info->Version, board => info->SmluMode = board.IsSmlu ? 1 : 0);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int MimInstances(int* count, CndevMluInstanceInfo* rows, int handle)
    {
        var room = *count;
        var status = Answer(count, handle, rows->Version, board => *count = board.Mim.Count);
        if (status != 0 || IsGarbage)
            return status;
        if (*count > room)
            return (int)CndevReturn.InsufficientSpace;
        for (var row = 0; row < *count; row++)
        {
            var (profile, uuid) = Boards[handle - Handle].Mim[row];
            rows[row] = new CndevMluInstanceInfo { InstanceId = row + 1, MemorySize = 8192 };
            Text(rows[row].ProfileName, profile);
            Text(rows[row].Uuid, uuid);
            Text(rows[row].DevNodeName, $"/dev/cambricon-caps/cap_dev{handle - Handle}_mi{row + 1}");
            Text(rows[row].IpcmDevNodeName, row == 1 ? "../../etc/passwd" : $"/dev/cambricon_ipcm{handle - Handle}");
        }
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SmluInstances(int* count, CndevSMluInfo* rows, int handle)
    {
        var room = *count;
        var status = Answer(count, handle, rows->Version, board => *count = board.Smlu.Count);
        if (status != 0 || IsGarbage)
            return status;
        if (*count > room)
            return (int)CndevReturn.InsufficientSpace;
        for (var row = 0; row < *count; row++)
        {
            var (profile, uuid) = Boards[handle - Handle].Smlu[row];
            rows[row] = new CndevSMluInfo { InstanceId = row + 1 };
            (rows[row].MluQuota[0], rows[row].MluQuota[1], rows[row].MemorySize[0], rows[row].MemorySize[1]) = (30, 12, 4UL << 30, 1UL << 30);
            Text(rows[row].ProfileName, profile);
            Text(rows[row].Uuid, uuid);
            Text(rows[row].DevNodeName, $"/dev/cambricon-caps/cap_dev{handle - Handle}_smi{row + 1}");
        }
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int CreateEvents(nint* handle)
    {
        *handle = 0x77;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Register(nint handle, ulong mask, int device) => handle == 0x77 && mask == 1 ? (int)Boards[device - Handle].Status : (int)CndevReturn.InvalidArgument;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Wait(nint handle, CndevEventData* data, int milliseconds)
    {
        if (data->Version != Version || handle != 0x77)
            return (int)CndevReturn.InvalidArgument;
        if (!Events.TryDequeue(out var one))
        {
            Thread.Sleep(Math.Min(milliseconds, 5));
            return (int)CndevReturn.Timeout;
        }
        (data->Device, data->EventType, data->EventData, data->MluInstanceId) = (Handle + one.Board, one.Type, one.Data, one.Instance);
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int DestroyEvents(nint handle) => 0;
}
