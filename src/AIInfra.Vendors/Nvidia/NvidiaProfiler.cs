using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Nvidia;

/// <summary>Keeps two samples of the performance monitor for one board or partition, and reads what lies between them.</summary>
internal sealed class NvidiaProfiler(TimeProvider time) : IDisposable
{
    /// <summary>The header's least distance of two samples.</summary>
    private static readonly TimeSpan LeastApart = TimeSpan.FromMilliseconds(100);
    private static readonly int[] Places = [.. NvidiaTables.Profiling.Select(row => NvidiaFields.Table[row.Name])];

    private readonly Reading[] _last = new Reading[Places.Length];
    private NvmlLibrary.GpmSample? _older, _newer;
    private long? _taken;

    /// <summary>Everything is unknown in the first round; a round too soon after another repeats its answers.</summary>
    /// <param name="gpuInstance">See <see cref="NvmlLibrary.TakeGpmSample"/>.</param>
    /// <exception cref="VendorException">Device lost.</exception>
    public void Read(NvmlLibrary nvml, NvmlDevice board, int? gpuInstance, Span<Reading> readings)
    {
        if (_taken is not { } taken || time.GetElapsedTime(taken) >= LeastApart)
            Measure(nvml, board, gpuInstance);
        for (var i = 0; i < Places.Length; i++)
            readings[Places[i]] = _last[i];
    }

    public void Dispose()
    {
        _older?.Dispose();
        _newer?.Dispose();
        (_older, _newer, _taken) = (null, null, null);
    }

    private void Measure(NvmlLibrary nvml, NvmlDevice board, int? gpuInstance)
    {
        var hasOlder = _taken is not null;
        _taken = null; // until this sample is taken as well
        Array.Fill(_last, Reading.Unknown);
        var into = _older ?? nvml.CreateGpmSample();
        (_older, _newer) = (_newer, into);
        if (into is null)
            return;
        var state = nvml.TakeGpmSample(board, gpuInstance, into);
        if (state != ReadingState.Present)
        {
            Array.Fill(_last, new Reading(state, 0));
            return;
        }
        _taken = time.GetTimestamp();
        if (hasOlder && _older is not null)
            nvml.GpmMetrics(_older, into, _last);
    }
}
