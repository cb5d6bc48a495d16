using System.Runtime.InteropServices;

namespace AIInfra.Linux.Systemd;

/// <summary>What of libsystemd's sd-bus is used, see sd-bus(3): none of its variadic calls. Opened at the first use, never unloaded.</summary>
/// <remarks>Calls answer 0 or more, or a negative errno. A bus and its messages are of one thread at a time.</remarks>
internal sealed unsafe class BusLibrary
{
    private static readonly Lazy<BusLibrary?> Opened = new(TryOpen);

    public readonly delegate* unmanaged[Cdecl]<nint*, int> New;
    public readonly delegate* unmanaged[Cdecl]<nint, byte*, int> SetAddress;
    public readonly delegate* unmanaged[Cdecl]<nint, int, int> SetBusClient;
    public readonly delegate* unmanaged[Cdecl]<nint, int> Start;
    public readonly delegate* unmanaged[Cdecl]<nint, int> IsReady;
    public readonly delegate* unmanaged[Cdecl]<nint, void> CloseBus;
    public readonly delegate* unmanaged[Cdecl]<nint, nint> UnrefBus;
    public readonly delegate* unmanaged[Cdecl]<nint, nint*, int> Process;
    public readonly delegate* unmanaged[Cdecl]<nint, ulong, int> Wait;
    public readonly delegate* unmanaged[Cdecl]<nint, int> GetFd;
    public readonly delegate* unmanaged[Cdecl]<nint, int> GetEvents;
    public readonly delegate* unmanaged[Cdecl]<nint, ulong*, int> GetTimeout;
    public readonly delegate* unmanaged[Cdecl]<nint, nint*, byte*, nint, nint, int> AddMatch;
    public readonly delegate* unmanaged[Cdecl]<nint, nint, ulong, BusError*, nint*, int> Call;
    public readonly delegate* unmanaged[Cdecl]<BusError*, void> FreeError;

    public readonly delegate* unmanaged[Cdecl]<nint, nint*, byte*, byte*, byte*, byte*, int> NewCall;
    public readonly delegate* unmanaged[Cdecl]<nint, byte, void*, int> AppendBasic;
    public readonly delegate* unmanaged[Cdecl]<nint, byte, void*, nuint, int> AppendArray;
    public readonly delegate* unmanaged[Cdecl]<nint, byte, byte*, int> OpenContainer;
    public readonly delegate* unmanaged[Cdecl]<nint, int> CloseContainer;
    public readonly delegate* unmanaged[Cdecl]<nint, byte, byte*, int> EnterContainer;
    public readonly delegate* unmanaged[Cdecl]<nint, int> ExitContainer;
    public readonly delegate* unmanaged[Cdecl]<nint, byte*, byte**, int> PeekType;
    public readonly delegate* unmanaged[Cdecl]<nint, byte*, int> Skip;
    public readonly delegate* unmanaged[Cdecl]<nint, byte, void*, int> ReadBasic;
    public readonly delegate* unmanaged[Cdecl]<nint, byte, void**, nuint*, int> ReadArray;
    public readonly delegate* unmanaged[Cdecl]<nint, byte*, byte*, int> IsSignal;
    public readonly delegate* unmanaged[Cdecl]<nint, byte*> GetPath;
    public readonly delegate* unmanaged[Cdecl]<nint, nint> Unref;

    private BusLibrary(nint library)
    {
        New = (delegate* unmanaged[Cdecl]<nint*, int>)Find("sd_bus_new");
        SetAddress = (delegate* unmanaged[Cdecl]<nint, byte*, int>)Find("sd_bus_set_address");
        SetBusClient = (delegate* unmanaged[Cdecl]<nint, int, int>)Find("sd_bus_set_bus_client");
        Start = (delegate* unmanaged[Cdecl]<nint, int>)Find("sd_bus_start");
        IsReady = (delegate* unmanaged[Cdecl]<nint, int>)Find("sd_bus_is_ready");
        CloseBus = (delegate* unmanaged[Cdecl]<nint, void>)Find("sd_bus_close");
        UnrefBus = (delegate* unmanaged[Cdecl]<nint, nint>)Find("sd_bus_unref");
        Process = (delegate* unmanaged[Cdecl]<nint, nint*, int>)Find("sd_bus_process");
        Wait = (delegate* unmanaged[Cdecl]<nint, ulong, int>)Find("sd_bus_wait");
        GetFd = (delegate* unmanaged[Cdecl]<nint, int>)Find("sd_bus_get_fd");
        GetEvents = (delegate* unmanaged[Cdecl]<nint, int>)Find("sd_bus_get_events");
        GetTimeout = (delegate* unmanaged[Cdecl]<nint, ulong*, int>)Find("sd_bus_get_timeout");
        AddMatch = (delegate* unmanaged[Cdecl]<nint, nint*, byte*, nint, nint, int>)Find("sd_bus_add_match");
        Call = (delegate* unmanaged[Cdecl]<nint, nint, ulong, BusError*, nint*, int>)Find("sd_bus_call");
        FreeError = (delegate* unmanaged[Cdecl]<BusError*, void>)Find("sd_bus_error_free");
        NewCall = (delegate* unmanaged[Cdecl]<nint, nint*, byte*, byte*, byte*, byte*, int>)Find("sd_bus_message_new_method_call");
        AppendBasic = (delegate* unmanaged[Cdecl]<nint, byte, void*, int>)Find("sd_bus_message_append_basic");
        AppendArray = (delegate* unmanaged[Cdecl]<nint, byte, void*, nuint, int>)Find("sd_bus_message_append_array");
        OpenContainer = (delegate* unmanaged[Cdecl]<nint, byte, byte*, int>)Find("sd_bus_message_open_container");
        CloseContainer = (delegate* unmanaged[Cdecl]<nint, int>)Find("sd_bus_message_close_container");
        EnterContainer = (delegate* unmanaged[Cdecl]<nint, byte, byte*, int>)Find("sd_bus_message_enter_container");
        ExitContainer = (delegate* unmanaged[Cdecl]<nint, int>)Find("sd_bus_message_exit_container");
        PeekType = (delegate* unmanaged[Cdecl]<nint, byte*, byte**, int>)Find("sd_bus_message_peek_type");
        Skip = (delegate* unmanaged[Cdecl]<nint, byte*, int>)Find("sd_bus_message_skip");
        ReadBasic = (delegate* unmanaged[Cdecl]<nint, byte, void*, int>)Find("sd_bus_message_read_basic");
        ReadArray = (delegate* unmanaged[Cdecl]<nint, byte, void**, nuint*, int>)Find("sd_bus_message_read_array");
        IsSignal = (delegate* unmanaged[Cdecl]<nint, byte*, byte*, int>)Find("sd_bus_message_is_signal");
        GetPath = (delegate* unmanaged[Cdecl]<nint, byte*>)Find("sd_bus_message_get_path");
        Unref = (delegate* unmanaged[Cdecl]<nint, nint>)Find("sd_bus_message_unref");

        nint Find(string name) => NativeLibrary.GetExport(library, name);
    }

    /// <summary>Null where there is no libsystemd, or one from before 2018 (239): a normal state of a host.</summary>
    public static BusLibrary? Instance => Opened.Value;

    private static BusLibrary? TryOpen()
    {
        if (!NativeLibrary.TryLoad("libsystemd.so.0", out var library))
            return null;
        try
        {
            return new BusLibrary(library);
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
    }
}

/// <summary><c>sd_bus_error</c>: 24 bytes, zero before its use.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct BusError
{
    public byte* Name;
    public byte* Message;
    public int NeedsFree;
}
