using System.Runtime.InteropServices;

namespace AIInfra.Linux.Journal;

/// <summary>What of libsystemd's sd-journal is used, see sd-journal(3). Opened at the first use, never unloaded.</summary>
internal sealed unsafe class JournalLibrary
{
    private static readonly Lazy<JournalLibrary?> Opened = new(TryOpen);

    public readonly delegate* unmanaged[Cdecl]<nint*, int, int> Open;
    public readonly delegate* unmanaged[Cdecl]<nint*, byte*, int, int> OpenFolder;
    public readonly delegate* unmanaged[Cdecl]<nint, void> Close;
    public readonly delegate* unmanaged[Cdecl]<nint, byte*, nuint, int> AddMatch;
    public readonly delegate* unmanaged[Cdecl]<nint, ulong, int> SeekRealtime;
    public readonly delegate* unmanaged[Cdecl]<nint, int> Next;
    public readonly delegate* unmanaged[Cdecl]<nint, byte*, byte**, nuint*, int> GetData;
    public readonly delegate* unmanaged[Cdecl]<nint, ulong*, int> GetRealtime;
    public readonly delegate* unmanaged[Cdecl]<nint, ulong, int> Wait;

    private JournalLibrary(nint library)
    {
        Open = (delegate* unmanaged[Cdecl]<nint*, int, int>)NativeLibrary.GetExport(library, "sd_journal_open");
        OpenFolder = (delegate* unmanaged[Cdecl]<nint*, byte*, int, int>)NativeLibrary.GetExport(library, "sd_journal_open_directory");
        Close = (delegate* unmanaged[Cdecl]<nint, void>)NativeLibrary.GetExport(library, "sd_journal_close");
        AddMatch = (delegate* unmanaged[Cdecl]<nint, byte*, nuint, int>)NativeLibrary.GetExport(library, "sd_journal_add_match");
        SeekRealtime = (delegate* unmanaged[Cdecl]<nint, ulong, int>)NativeLibrary.GetExport(library, "sd_journal_seek_realtime_usec");
        Next = (delegate* unmanaged[Cdecl]<nint, int>)NativeLibrary.GetExport(library, "sd_journal_next");
        GetData = (delegate* unmanaged[Cdecl]<nint, byte*, byte**, nuint*, int>)NativeLibrary.GetExport(library, "sd_journal_get_data");
        GetRealtime = (delegate* unmanaged[Cdecl]<nint, ulong*, int>)NativeLibrary.GetExport(library, "sd_journal_get_realtime_usec");
        Wait = (delegate* unmanaged[Cdecl]<nint, ulong, int>)NativeLibrary.GetExport(library, "sd_journal_wait");
    }

    /// <summary>Null where there is no libsystemd: a normal state of a host.</summary>
    public static JournalLibrary? Instance => Opened.Value;

    private static JournalLibrary? TryOpen()
    {
        if (!NativeLibrary.TryLoad("libsystemd.so.0", out var library))
            return null;
        try
        {
            return new JournalLibrary(library);
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
    }
}
