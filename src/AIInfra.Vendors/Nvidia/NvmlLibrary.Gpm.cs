using System.Runtime.InteropServices;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Nvidia;

// The performance monitor (GPM), since 11.8: metrics of the time between two samples, without a profiling module.
internal sealed unsafe partial class NvmlLibrary
{
    private const uint GpmVersion = 1;

    /// <summary>Whether the board has the monitor: Hopper and newer. False when it does not say.</summary>
    /// <exception cref="VendorException">Device lost.</exception>
    public bool HasGpm(NvmlDevice device)
    {
        if (!_gpm.IsComplete)
            return false;
        var support = new NvmlGpmSupport { Version = GpmVersion };
        return NvmlStatus.StateOf(_gpm.Support(device.Handle, &support), "nvmlGpmQueryDeviceSupport") == ReadingState.Present && support.IsSupportedDevice == 1;
    }

    /// <summary>Memory for one sample. Null when there is none.</summary>
    public GpmSample? CreateGpmSample()
    {
        nint sample;
        return _gpm.IsComplete && _gpm.Alloc(&sample) == NvmlReturn.Success && sample != 0 ? new GpmSample(this, sample) : null;
    }

    /// <summary>Takes a sample now.</summary>
    /// <param name="gpuInstance">Of a partition of the board; null for the whole board.</param>
    /// <exception cref="VendorException">Device lost.</exception>
    public ReadingState TakeGpmSample(NvmlDevice board, int? gpuInstance, GpmSample into)
    {
        if (gpuInstance is not { } instance)
            return NvmlStatus.StateOf(_gpm.Take(board.Handle, into.DangerousGetHandle()), "nvmlGpmSampleGet");
        return _gpm.TakeOfInstance == null ? ReadingState.Absent
            : NvmlStatus.StateOf(_gpm.TakeOfInstance(board.Handle, (uint)instance, into.DangerousGetHandle()), "nvmlGpmMigSampleGet");
    }

    /// <summary>The rows of <see cref="NvidiaTables.Profiling"/> over the time between two samples, in base units.</summary>
    /// <param name="readings">One place for each row.</param>
    /// <exception cref="VendorException">Device lost.</exception>
    public void GpmMetrics(GpmSample older, GpmSample newer, Span<Reading> readings)
    {
        const string call = "nvmlGpmMetricsGet";
        var rows = NvidiaTables.Profiling;
        var query = new NvmlGpmMetricsGet { Version = GpmVersion, NumMetrics = (uint)rows.Length, Sample1 = older.DangerousGetHandle(), Sample2 = newer.DangerousGetHandle() };
        for (var i = 0; i < rows.Length; i++)
            query.Metrics[i].MetricId = rows[i].Metric;
        var state = NvmlStatus.StateOf(_gpm.Get(&query), call);
        for (var i = 0; i < rows.Length; i++)
        {
            readings[i] = state != ReadingState.Present ? new Reading(state, 0)
                : query.Metrics[i].NvmlReturn == NvmlReturn.InvalidArgument ? Reading.Absent // a metric that this driver does not know
                : rows[i].IsRate ? Checked(query.Metrics[i].NvmlReturn, call, query.Metrics[i].Value, 1 << 20, most: 1 << 26)
                : Percent(query.Metrics[i], call);
        }
    }

    /// <summary>Ratio 0 to 1. Not a number is the monitor's "no data"; a hair above 100 is its rounding.</summary>
    private static Reading Percent(in NvmlGpmMetric metric, string call)
    {
        var ratio = Checked(metric.NvmlReturn, call, metric.Value, 0.01, most: 101);
        return ratio.IsPresent ? Reading.Of(Math.Min(1, ratio.Value)) : ratio;
    }

    /// <summary>Memory of the library's for one sample; given back on dispose, or when collected.</summary>
    internal sealed class GpmSample : SafeHandle
    {
        private readonly NvmlLibrary _library;

        internal GpmSample(NvmlLibrary library, nint raw) : base(0, ownsHandle: true) => (_library, handle) = (library, raw);

        public override bool IsInvalid => handle == 0;

        protected override bool ReleaseHandle() => _library._gpm.Free(handle) == NvmlReturn.Success;
    }

    private readonly struct GpmCalls(LibraryExports exports)
    {
        public readonly delegate* unmanaged[Cdecl]<nint, NvmlGpmSupport*, NvmlReturn> Support =
            (delegate* unmanaged[Cdecl]<nint, NvmlGpmSupport*, NvmlReturn>)exports.Find("nvmlGpmQueryDeviceSupport");
        public readonly delegate* unmanaged[Cdecl]<nint*, NvmlReturn> Alloc =
            (delegate* unmanaged[Cdecl]<nint*, NvmlReturn>)exports.Find("nvmlGpmSampleAlloc");
        public readonly delegate* unmanaged[Cdecl]<nint, NvmlReturn> Free =
            (delegate* unmanaged[Cdecl]<nint, NvmlReturn>)exports.Find("nvmlGpmSampleFree");
        public readonly delegate* unmanaged[Cdecl]<nint, nint, NvmlReturn> Take =
            (delegate* unmanaged[Cdecl]<nint, nint, NvmlReturn>)exports.Find("nvmlGpmSampleGet");
        public readonly delegate* unmanaged[Cdecl]<nint, uint, nint, NvmlReturn> TakeOfInstance = // since 12.0
            (delegate* unmanaged[Cdecl]<nint, uint, nint, NvmlReturn>)exports.Find("nvmlGpmMigSampleGet");
        public readonly delegate* unmanaged[Cdecl]<NvmlGpmMetricsGet*, NvmlReturn> Get =
            (delegate* unmanaged[Cdecl]<NvmlGpmMetricsGet*, NvmlReturn>)exports.Find("nvmlGpmMetricsGet");

        public bool IsComplete => Support != null && Alloc != null && Free != null && Take != null && Get != null;
    }
}
