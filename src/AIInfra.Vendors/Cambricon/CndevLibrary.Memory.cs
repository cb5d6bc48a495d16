using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Cambricon;

/// <summary>Memory errors since the driver was loaded, as boards before the MLU500 count them.</summary>
internal readonly record struct CndevErrors(
    Reading OneBit, Reading MultipleOne, Reading Multiple, Reading MultipleMultiple, Reading Corrected, Reading Uncorrected, Reading All, Reading Forbidden);

/// <summary>Memory errors of an MLU500 by kind of memory: since the driver was loaded, and for life.</summary>
internal readonly record struct CndevMemoryErrors(
    Reading SramSingle, Reading SramDouble, Reading SramParity, Reading DramSingle, Reading DramDouble,
    Reading LifeSramSingle, Reading LifeSramDouble, Reading LifeSramParity, Reading LifeDramSingle, Reading LifeDramDouble, Reading SramThresholdExceeded);

/// <summary>Rows of memory that were replaced; whether a replacement waits for a reset and whether one failed: 0 or 1, on older drivers how many.</summary>
/// <param name="RetirePending">A page waits to be retired; only newer drivers tell it.</param>
internal readonly record struct CndevRepairs(Reading Corrected, Reading Uncorrected, Reading Pending, Reading Failed, Reading RetirePending);

// What became of the board's memory.
internal sealed unsafe partial class CndevLibrary
{
    private const double MostRows = uint.MaxValue - 1.0; // all ones is no count

    public CndevErrors Errors(CndevDevice device)
    {
        var info = new CndevECCInfo { Version = Cndev.Version };
        var state = _memory.Errors.Ask(&info, device);
        Reading Count(ulong value) => Checked(state, value, 1, MostCount);
        return new CndevErrors(Count(info.OneBitError), Count(info.MultipleOneError), Count(info.MultipleError), Count(info.MultipleMultipleError),
            Count(info.CorrectedError), Count(info.UncorrectedError), Count(info.TotalError), Count(info.AddressForbiddenError));
    }

    public CndevMemoryErrors MemoryErrors(CndevDevice device)
    {
        var info = new CndevMemEccCounter { Version = Cndev.Version };
        var state = _memory.MemoryErrors.Ask(&info, device);
        Reading Count(ulong value) => Checked(state, value, 1, MostCount);
        return new CndevMemoryErrors(Count(info.VolatileSramEccSbeCounter), Count(info.VolatileSramEccDbeCounter), Count(info.VolatileSramEccParityCounter),
            Count(info.VolatileDramEccSbeCounter), Count(info.VolatileDramEccDbeCounter),
            Count(info.AggregateSramEccSbeCounter), Count(info.AggregateSramEccDbeCounter), Count(info.AggregateSramEccParityCounter),
            Count(info.AggregateDramEccSbeCounter), Count(info.AggregateDramEccDbeCounter), Checked(state, info.AggregateSramEccThresholdExceeded, 1, 1));
    }

    /// <summary>Whether ECC is on, and whether it will be after the next reset: 0 or 1.</summary>
    public (Reading Current, Reading Pending) EccMode(CndevDevice device)
    {
        if (_memory.EccMode == null)
            return default;
        CndevEccMode current = new() { Version = Cndev.Version }, pending = new() { Version = Cndev.Version };
        var state = CndevStatus.StateOf(_memory.EccMode(&current, &pending, device.Handle), "cndevGetEccMode");
        return (Checked(state, current.Mode, 1, 1), Checked(state, pending.Mode, 1, 1));
    }

    /// <summary>Pages taken out of use, after single-bit and after double-bit errors.</summary>
    public (Reading Single, Reading Double) RetiredPages(CndevDevice device) => (RetiredPages(device, 0), RetiredPages(device, 1));

    /// <summary>Whether one waits for a reset, and whether one could not be retired: 0 or 1.</summary>
    public (Reading Pending, Reading Failed) RetiredPageStatus(CndevDevice device)
    {
        var info = new CndevRetiredPageStatus { Version = Cndev.Version };
        var state = _memory.RetiredStatus.Ask(&info, device);
        return (Checked(state, info.IsPending, 1, 1), Checked(state, info.IsFailure, 1, 1));
    }

    /// <summary>Drivers after 6.0.2 tell counts and states in two calls, older ones in one.</summary>
    public CndevRepairs Repairs(CndevDevice device)
    {
        var counts = new CndevRemappedRowV2 { Version = Cndev.Version };
        var state = _memory.RemappedV2.Ask(&counts, device);
        if (state != ReadingState.Absent)
        {
            var status = new CndevRepairStatus { Version = Cndev.Version };
            var told = _memory.Repair.Ask(&status, device);
            return new CndevRepairs(Checked(state, counts.CorrectCounts, 1, MostRows), Checked(state, counts.UncorrectCounts, 1, MostRows),
                Checked(told, status.IsPending, 1, 1), Checked(told, status.IsFailure, 1, 1), Checked(told, status.IsRetirePending, 1, 1));
        }
        var rows = new CndevRemappedRow { Version = Cndev.Version };
        state = _memory.Remapped.Ask(&rows, device);
        Reading Count(uint value) => Checked(state, value, 1, MostRows);
        return new CndevRepairs(Count(rows.CorrectRows), Count(rows.UncorrectRows), Count(rows.PendingRows), Count(rows.FailedRows), Reading.Absent);
    }

    private Reading RetiredPages(CndevDevice device, int cause)
    {
        var info = _retired ??= GC.AllocateArray<CndevRetiredPageInfo>(1, pinned: true);
        info[0] = new CndevRetiredPageInfo { Version = Cndev.Version, Cause = cause };
        fixed (CndevRetiredPageInfo* start = info)
            return Checked(_memory.Retired.Ask(start, device), info[0].PageCount, 1, 512);
    }

    /// <summary>4 KB: kept, not put on the stack in each round.</summary>
    private CndevRetiredPageInfo[]? _retired;

    private readonly struct MemoryCalls(LibraryExports exports)
    {
        public readonly Call Errors = new(exports, "cndevGetECCInfo"), MemoryErrors = new(exports, "cndevGetMemEccCounter"), Retired = new(exports, "cndevGetRetiredPages"),
            RetiredStatus = new(exports, "cndevGetRetiredPagesStatus"), Remapped = new(exports, "cndevGetRemappedRows"), RemappedV2 = new(exports, "cndevGetRemappedRowsV2"),
            Repair = new(exports, "cndevGetRepairStatus");
        public readonly delegate* unmanaged[Cdecl]<CndevEccMode*, CndevEccMode*, int, CndevReturn> EccMode =
            (delegate* unmanaged[Cdecl]<CndevEccMode*, CndevEccMode*, int, CndevReturn>)exports.Find("cndevGetEccMode");
    }
}
