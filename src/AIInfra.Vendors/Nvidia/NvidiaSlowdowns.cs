using System.Globalization;
using AIInfra.Core.Health;
using AIInfra.Core.Sampling;

namespace AIInfra.Vendors.Nvidia;

/// <summary>The last ten minutes of one clock event of one GPU, minute by minute.</summary>
internal sealed class NvidiaMinutes
{
    public const int Length = 10;

    private readonly (long Minute, int Samples, int Hits)[] _ring = new (long, int, int)[Length];
    private long _now = long.MinValue, _first;

    public void Add(DateTimeOffset at, bool isHit)
    {
        var minute = at.ToUnixTimeSeconds() / 60;
        if (minute < _now || _now == long.MinValue) // the first one, or the clock was set back
        {
            Array.Clear(_ring);
            _first = minute;
        }
        _now = minute;
        ref var slot = ref _ring[minute % Length];
        slot = slot.Minute == minute ? (minute, slot.Samples + 1, slot.Hits + (isHit ? 1 : 0)) : (minute, 1, isHit ? 1 : 0);
    }

    /// <summary>Watched for as long as it looks back.</summary>
    public bool IsFull => _now - _first >= Length;

    /// <summary>Distinct minutes with at least one hit.</summary>
    public int MinutesHit => Recent.Count(slot => slot.Hits > 0);

    /// <summary>Of all samples, those with a hit.</summary>
    public double Share => (double)Recent.Sum(slot => slot.Hits) / Math.Max(1, Recent.Sum(slot => slot.Samples));

    private IEnumerable<(long Minute, int Samples, int Hits)> Recent => _ring.Where(slot => slot.Samples > 0 && slot.Minute > _now - Length);
}

/// <summary>Clocks that a board slows by itself. A moment of it is normal; most of ten minutes is not.</summary>
/// <remarks>Needs samples at least once a minute to see all of it. Over when ten minutes were watched without (hardware), or with little of it (software).</remarks>
internal sealed class NvidiaSlowdowns(NvidiaJudge judge)
{
    private const int LeastMinutes = 6;
    private const double LeastShare = 0.6, CalmShare = 0.3;
    private static readonly int Place = NvidiaFields.Table["clock_event_reasons"];

    private static readonly (NvidiaCondition Condition, Func<NvidiaClockEvents, bool> IsHit, bool IsByShare)[] All =
    [
        (Slowdown("nvidia.thermal-slowdown", Cause.Hardware, "The GPU slows its clocks by hardware because it is too hot: check fans, air flow and coolant of the node."),
            now => now.HasFlag(NvidiaClockEvents.HardwareThermal), false),
        (Slowdown("nvidia.power-brake", Cause.Host, "The GPU slows its clocks on a signal of the node's or the rack's power supply: when all GPUs of a node do, look at its power."),
            now => now.HasFlag(NvidiaClockEvents.PowerBrake), false),
        (Slowdown("nvidia.hardware-slowdown", Cause.Hardware, "The GPU slows its clocks by hardware and does not say whether for heat or power: look at both."),
            now => now.HasFlag(NvidiaClockEvents.HardwareSlowdown) && (now & (NvidiaClockEvents.HardwareThermal | NvidiaClockEvents.PowerBrake)) == 0, false),
        (Slowdown("nvidia.software-thermal", Cause.Hardware, "The driver slows the GPU's clocks most of the time because it is hot: check fans, air flow and coolant of the node."),
            now => now.HasFlag(NvidiaClockEvents.SoftwareThermal), true),
    ];

    private readonly Dictionary<string, NvidiaMinutes[]> _minutes = new(StringComparer.Ordinal);

    public void Look(Subject subject, Reading[] now, DateTimeOffset at, HealthBoard board)
    {
        if (!now[Place].IsPresent)
            return;
        if (!_minutes.TryGetValue(subject.Id, out var minutes))
            _minutes.Add(subject.Id, minutes = [.. All.Select(_ => new NvidiaMinutes())]);
        var events = (NvidiaClockEvents)(uint)now[Place].Value;
        for (var i = 0; i < All.Length; i++)
        {
            var (condition, isHit, isByShare) = All[i];
            minutes[i].Add(at, isHit(events));
            judge.Judge(condition, subject, isByShare ? OfShare(minutes[i]) : OfMinutes(minutes[i]), at, board);
        }
    }

    private static NvidiaVerdict OfMinutes(NvidiaMinutes minutes) => minutes.MinutesHit switch
    {
        >= LeastMinutes => NvidiaVerdict.Bad(string.Create(CultureInfo.InvariantCulture, $"NVML clock events: in at least {LeastMinutes} of the last {NvidiaMinutes.Length} minutes")),
        0 when minutes.IsFull => NvidiaVerdict.Well,
        _ => NvidiaVerdict.Silent, // between the two what was said stays said
    };

    private static NvidiaVerdict OfShare(NvidiaMinutes minutes) => !minutes.IsFull ? NvidiaVerdict.Silent : minutes.Share switch
    {
        > LeastShare => NvidiaVerdict.Bad(string.Create(CultureInfo.InvariantCulture, $"NVML clock events: over {LeastShare:P0} of the last {NvidiaMinutes.Length} minutes")),
        < CalmShare => NvidiaVerdict.Well,
        _ => NvidiaVerdict.Silent,
    };

    private static NvidiaCondition Slowdown(string id, Cause cause, string message) => new()
    {
        Id = id,
        Severity = Severity.Degraded,
        Cause = cause,
        Action = SuggestedAction.Observe,
        Message = message,
    };
}
