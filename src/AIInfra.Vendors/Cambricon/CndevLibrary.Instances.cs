using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Cambricon;

/// <summary>A part of a board, made by MIM (in hardware) or by sMLU (by quota).</summary>
/// <param name="Profile">The vendor's name of its size: <c>2m.8gb</c>. Outside input, as the texts that follow.</param>
/// <param name="Uuid">36 characters; null when it does not say.</param>
/// <param name="Nodes">Its own nodes, as paths: the board's is not among them.</param>
internal sealed record CndevInstance(bool IsMim, int Id, string? Profile, string? Uuid, IReadOnlyList<string> Nodes)
{
    public long? MemoryBytes { get; init; }
    /// <summary>Of sMLU, which counts it; absent of MIM.</summary>
    public Reading MemoryUsed { get; init; }
    /// <summary>Ratio 0 to 1 of what it may use. Of sMLU only.</summary>
    public Reading Utilization { get; init; }
}

// Parts of boards. Who made them is not known, and nothing here makes any.
internal sealed unsafe partial class CndevLibrary
{
    private const int MostInstances = 512, FirstRoom = 16;

    /// <summary>Whether a board is divided by MIM: null when the library does not say.</summary>
    public bool? IsMim(CndevDevice device)
    {
        var info = new CndevMimMode { Version = Cndev.Version };
        return Flag(_instances.MimMode.Ask(&info, device), info.MimMode);
    }

    /// <summary>Whether a board is divided by sMLU: null when the library does not say.</summary>
    public bool? IsSmlu(CndevDevice device)
    {
        var info = new CndevSMLUMode { Version = Cndev.Version };
        return Flag(_instances.SmluMode.Ask(&info, device), info.SmluMode);
    }

    /// <summary>The instances of a board that is divided by MIM.</summary>
    /// <exception cref="VendorException">The board does not say.</exception>
    public List<CndevInstance> MimInstances(CndevDevice device)
    {
        const string call = "cndevGetAllMluInstanceInfo";
        var found = new List<CndevInstance>();
        if (_instances.Mim == null)
            return found;
        for (var room = FirstRoom; ;)
        {
            var rows = new CndevMluInstanceInfo[room];
            rows[0].Version = Cndev.Version;
            var count = room;
            CndevReturn status;
            fixed (CndevMluInstanceInfo* start = rows)
                status = _instances.Mim(&count, start, device.Handle);
            if (IsTooSmall(status, count, ref room))
                continue;
            CndevStatus.ThrowUnlessOk(status, call);
            foreach (ref readonly var row in rows.AsSpan(0, Math.Clamp(count, 0, room)))
            {
                found.Add(new CndevInstance(true, row.InstanceId, LibraryText.Of(row.ProfileName), LibraryText.Of(row.Uuid), Texts(LibraryText.Of(row.DevNodeName), LibraryText.Of(row.IpcmDevNodeName)))
                {
                    MemoryBytes = row.MemorySize > 0 ? (long)row.MemorySize << 20 : null,
                });
            }
            return found;
        }
    }

    /// <summary>The instances of a board that is divided by sMLU.</summary>
    /// <exception cref="VendorException">The board does not say.</exception>
    public List<CndevInstance> SmluInstances(CndevDevice device)
    {
        const string call = "cndevGetAllSMluInstanceInfo";
        var found = new List<CndevInstance>();
        if (_instances.Smlu == null)
            return found;
        for (var room = FirstRoom; ;)
        {
            var rows = new CndevSMluInfo[room];
            rows[0].Version = Cndev.Version;
            var count = room;
            CndevReturn status;
            fixed (CndevSMluInfo* start = rows)
                status = _instances.Smlu(&count, start, device.Handle);
            if (IsTooSmall(status, count, ref room))
                continue;
            CndevStatus.ThrowUnlessOk(status, call);
            foreach (ref readonly var row in rows.AsSpan(0, Math.Clamp(count, 0, room)))
            {
                found.Add(new CndevInstance(false, row.InstanceId, LibraryText.Of(row.ProfileName), LibraryText.Of(row.Uuid), Texts(LibraryText.Of(row.DevNodeName)))
                {
                    MemoryBytes = row.MemorySize[0] is > 0 and < 1UL << 53 ? (long)row.MemorySize[0] : null,
                    MemoryUsed = Checked(ReadingState.Present, row.MemorySize[1], 1, MostCount),
                    Utilization = Checked(ReadingState.Present, row.MluQuota[1], 0.01, 100),
                });
            }
            return found;
        }
    }

    private static bool IsTooSmall(CndevReturn status, int count, ref int room)
    {
        if (status != CndevReturn.InsufficientSpace || count <= room || count > MostInstances)
            return false;
        room = count;
        return true;
    }

    private static bool? Flag(ReadingState state, int value) => state == ReadingState.Present ? value switch { 0 => false, 1 => true, _ => null } : null;

    private static List<string> Texts(params ReadOnlySpan<string?> texts)
    {
        var told = new List<string>(texts.Length);
        foreach (var text in texts)
        {
            if (text is not null)
                told.Add(text);
        }
        return told;
    }

    private readonly struct InstanceCalls(LibraryExports exports)
    {
        public readonly Call MimMode = new(exports, "cndevGetMimMode"), SmluMode = new(exports, "cndevGetSMLUMode");
        public readonly delegate* unmanaged[Cdecl]<int*, CndevMluInstanceInfo*, int, CndevReturn> Mim =
            (delegate* unmanaged[Cdecl]<int*, CndevMluInstanceInfo*, int, CndevReturn>)exports.Find("cndevGetAllMluInstanceInfo");
        public readonly delegate* unmanaged[Cdecl]<int*, CndevSMluInfo*, int, CndevReturn> Smlu =
            (delegate* unmanaged[Cdecl]<int*, CndevSMluInfo*, int, CndevReturn>)exports.Find("cndevGetAllSMluInstanceInfo");
    }
}
