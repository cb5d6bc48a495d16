using System.Collections.Immutable;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorFiles;

namespace AIInfra.Vendors.Intel;

/// <summary>What one GT tells in a round, in base units.</summary>
internal readonly record struct IntelGtReadings(
    Reading Clock, Reading Requested, Reading Limit, Reading Most, Reading Idle, Reading Awake, Reading Throttled, Reading ForPower, Reading ForHeat);

/// <summary>The open files of one GT.</summary>
internal sealed class IntelGtFiles : IDisposable
{
    private const double MegaHertz = 1e6;
    private static readonly ImmutableArray<string> PowerReasons = ["pl1", "pl2", "pl4"], HeatReasons = ["thermal", "prochot", "vr_thermalert"];

    private readonly KernelFile _actual, _requested, _limit, _most, _idle, _throttled;
    private readonly ImmutableArray<KernelFile> _forPower, _forHeat;
    private readonly IntelRate _rate = new();

    public IntelGtFiles(KernelTree sys, IntelGt gt)
    {
        IsMedia = gt.IsMedia;
        KernelFile Open(string file) => KernelFile.Open(sys.Here($"{gt.Folder}/{file}"));
        (_actual, _requested, _limit, _most) = (Open(gt.Names.Actual), Open(gt.Names.Requested), Open(gt.Names.Limit), Open(gt.Names.Most));
        (_idle, _throttled) = (Open(gt.Names.Idle), Open(gt.Names.Throttled));
        _forPower = [.. PowerReasons.Select(reason => Open(gt.Names.ThrottledFor + reason))];
        _forHeat = [.. HeatReasons.Select(reason => Open(gt.Names.ThrottledFor + reason))];
    }

    public bool IsMedia { get; }

    public IntelGtReadings Read(TimeProvider time, long now)
    {
        var idle = _idle.ReadNumber(0.001);
        var asleep = _rate.PerSecond(idle, time, now); // seconds of sleep in a second
        return new IntelGtReadings(
            _actual.ReadNumber(MegaHertz), _requested.ReadNumber(MegaHertz), _limit.ReadNumber(MegaHertz), _most.ReadNumber(MegaHertz),
            idle, asleep.IsPresent ? Reading.Of(Math.Clamp(1 - asleep.Value, 0, 1)) : asleep, _throttled.ReadNumber(), Any(_forPower), Any(_forHeat));
    }

    private static Reading Any(ImmutableArray<KernelFile> files)
    {
        var any = Reading.Absent;
        foreach (var file in files)
            any = Highest(any, file.ReadNumber());
        return any;
    }

    /// <summary>Present if one of the two is, unknown if one of them did not answer.</summary>
    public static Reading Highest(Reading one, Reading other) =>
        one.IsPresent && other.IsPresent ? Reading.Of(Math.Max(one.Value, other.Value)) : one.State >= other.State ? one : other;

    public void Dispose()
    {
        foreach (var file in new[] { _actual, _requested, _limit, _most, _idle, _throttled }.Concat(_forPower).Concat(_forHeat))
            file.Dispose();
    }
}

/// <summary>How fast a counter grew since it was read last. Nothing is told after it was set back.</summary>
internal sealed class IntelRate
{
    private (double Value, long At)? _last;

    /// <returns>Absent in the first round, and where the counter is absent.</returns>
    public Reading PerSecond(Reading counter, TimeProvider time, long now)
    {
        if (!counter.IsPresent)
        {
            _last = null;
            return counter;
        }
        var last = _last;
        _last = (counter.Value, now);
        if (last is not { } before)
            return Reading.Absent;
        var seconds = time.GetElapsedTime(before.At, now).TotalSeconds;
        return seconds > 0 && counter.Value >= before.Value ? Reading.Of((counter.Value - before.Value) / seconds) : Reading.Unknown;
    }
}
