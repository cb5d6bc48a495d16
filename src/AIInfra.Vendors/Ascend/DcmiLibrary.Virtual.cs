using System.Collections.Immutable;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Ascend;

/// <summary>A part of a chip, as the driver divided it.</summary>
/// <param name="Id">Number of its device node: <c>/dev/vdavinciN</c>.</param>
/// <param name="Template">The vendor's name of its size: <c>vir02_1c</c>; null when the driver does not say.</param>
/// <param name="Cores">Whole AI cores; 0 when unknown.</param>
internal sealed record DcmiVirtual(int Id, string? Template, int Cores, Reading Utilization, Reading MemoryTotal, Reading MemoryUsed);

// Virtual NPUs, as found. Nothing is created or removed here.
internal sealed unsafe partial class DcmiLibrary
{
    private const uint VirtualDevices = 52, QueryOne = 0, TotalResources = 1, Activity = 5;
    private const int MostVirtual = 32;
    private const int FirstVirtual = 100, LastVirtual = 1124; // DCMI's limits of the ids

    /// <summary>The parts of a chip; none when it is whole.</summary>
    /// <exception cref="VendorException">The chip does not say: the parts known of it stay.</exception>
    public ImmutableArray<DcmiVirtual> Virtuals(DcmiChip chip)
    {
        DcmiSocTotalResource total = default;
        var status = Query(chip, VirtualDevices, TotalResources, &total, sizeof(DcmiSocTotalResource));
        if (DcmiStatus.IsAbsent(status) || (status == DcmiReturn.Success && total.VdevNum == 0))
            return [];
        DcmiStatus.ThrowUnlessOk(status, _info.Name);
        if (total.VdevNum > MostVirtual)
            throw new VendorException(_info.Name, 0, VendorFault.Transient, "it answered success and more parts than a chip can have; the answer is not usable");
        ReadOnlySpan<uint> ids = total.VdevId;
        var parts = ImmutableArray.CreateBuilder<DcmiVirtual>();
        foreach (var id in ids[..(int)total.VdevNum])
        {
            if (id is >= FirstVirtual and <= LastVirtual && parts.All(part => part.Id != id))
                parts.Add(One(chip, id));
        }
        return parts.DrainToImmutable();
    }

    private DcmiVirtual One(DcmiChip chip, uint id)
    {
        DcmiVdevQuery query = default;
        query.VdevId = id;
        var state = DcmiStatus.StateOf(Query(chip, VirtualDevices, QueryOne, &query, sizeof(DcmiVdevQuery)), _info.Name);
        if (state != ReadingState.Present)
            return new DcmiVirtual((int)id, null, 0, new(state, 0), new(state, 0), new(state, 0));
        var has = query.QueryInfo.Computing;
        DcmiVdevQuery now = default;
        now.VdevId = id;
        state = DcmiStatus.StateOf(Query(chip, VirtualDevices, Activity, &now, sizeof(DcmiVdevQuery)), _info.Name);
        var busy = now.QueryInfo.Computing;
        var (total, free) = state == ReadingState.Present ? (busy.VdevMemoryTotal, busy.VdevMemoryFree) : default;
        var isSaid = total is > 0 and < 1UL << 40 && free <= total;
        return new DcmiVirtual((int)id, LibraryText.Of(query.QueryInfo.Name), has.Aic is > 0 and < 1024 ? (int)has.Aic : 0,
            state != ReadingState.Present ? new(state, 0) : busy.VdevAicoreUtilization <= 100 ? Reading.Of(busy.VdevAicoreUtilization / 100.0) : Reading.Unknown,
            isSaid ? Reading.Of(total * 1024.0) : has.MemorySize is > 0 and < MostMegabytes ? Reading.Of(has.MemorySize * Megabyte) : Reading.Unknown,
            isSaid ? Reading.Of((total - free) * 1024.0) : state == ReadingState.Absent ? Reading.Absent : Reading.Unknown);
    }
}
