using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Health;
using AIInfra.Core.Metrics;

namespace AIInfra.Vendors.Nvidia.Metrics;

/// <summary>The agent's problems in the shape of DCGM's health watches: one series a watch, and the worst problem of it by name.</summary>
internal sealed class DcgmHealthRows() : DeviceRows(
    new MetricHead("DCGM_EXP_GPU_HEALTH_STATUS", MetricType.Gauge, "Health by watch: 0 pass, 10 warn, 20 fail; the code is the problem's id, see `aiinfra-agent explain`."), MetricRank.Essential)
{
    private const int Pass = 0, Warn = 10, Fail = 20, MostNames = 1000;
    private static readonly ImmutableArray<string> Watches = ["PCIE", "NVLINK", "PMU", "MCU", "MEM", "SM", "INFOROM", "THERMAL", "POWER", "DRIVER"];

    private static readonly FrozenDictionary<long, string> ByXid = new (string Watch, long[] Codes)[]
    {
        ("PCIE", [79, 167]), ("NVLINK", [74, 108, 121, 136, 137, 144, 145, 146, 147, 148, 149, 150, 155, 166, 170, 173]), ("PMU", [59, 61, 62]),
        ("MCU", [119, 120, 158, 169]), ("MEM", [48, 63, 64, 92, 94, 95, 140, 156, 157, 160, 161, 168, 171, 172]), ("SM", [13]),
        ("INFOROM", [93, 122, 123, 124, 125]), ("POWER", [54, 162, 163, 164, 165]),
    }.SelectMany(row => row.Codes.Select(code => (code, row.Watch))).ToFrozenDictionary(row => row.code, row => row.Watch);

    /// <summary>Parts of a problem's name after the vendor's, the first that fits.</summary>
    private static readonly ImmutableArray<(string Part, string Watch)> ByName =
    [
        ("nvlink", "NVLINK"), ("fabric", "NVLINK"), ("c2c", "NVLINK"), ("thermal", "THERMAL"), ("power", "POWER"), ("hardware-slowdown", "POWER"), ("inforom", "INFOROM"),
        ("pcie", "PCIE"), ("gpu-lost", "PCIE"), ("ecc", "MEM"), ("row-remap", "MEM"), ("sram", "MEM"), ("retired", "MEM"), ("retirement", "MEM"), ("poison", "MEM"),
    ];

    private readonly DeviceConditions _conditions = new();
    private readonly Dictionary<(string Watch, string Code), LabelSet> _labels = [];
    private readonly Dictionary<string, string> _watchOf = new(StringComparer.Ordinal);

    public override IEnumerable<string> LabelNames => ["health_watch", "health_error_code"];
    public override string Source => "the problems that stand on the device";

    public override void Write(PageWriter writer, in DeviceMoment moment, LabelSet device)
    {
        if (moment.Device.ParentId is not null)
            return; // its board's
        var problems = _conditions.Of(moment.Device, moment.Health).Own;
        foreach (var watch in Watches)
        {
            var worst = Worst(problems, watch);
            writer.Sample(device, Labels(watch, worst?.Id ?? ""), worst?.Severity switch { Severity.Fatal => Fail, Severity.Degraded => Warn, _ => Pass });
        }
    }

    /// <summary>Null when nothing but information stands.</summary>
    private Problem? Worst(ImmutableArray<Problem> problems, string watch)
    {
        Problem? worst = null;
        foreach (var problem in problems)
        {
            if (problem.Severity > (worst?.Severity ?? Severity.Info) && WatchOf(problem.Id) == watch)
                worst = problem;
        }
        return worst;
    }

    private string WatchOf(string id)
    {
        if (_watchOf.TryGetValue(id, out var watch))
            return watch;
        if (_watchOf.Count >= MostNames)
            _watchOf.Clear();
        return _watchOf[id] = Classify(id);
    }

    internal static string Classify(string id) =>
        id.StartsWith("nvidia.xid.", StringComparison.Ordinal) && long.TryParse(id.AsSpan("nvidia.xid.".Length), NumberStyles.None, CultureInfo.InvariantCulture, out var xid)
            ? ByXid.GetValueOrDefault(xid, "DRIVER")
            : ByName.FirstOrDefault(row => id.Contains(row.Part, StringComparison.Ordinal)).Watch ?? "DRIVER";

    private LabelSet Labels(string watch, string code)
    {
        if (_labels.TryGetValue((watch, code), out var set))
            return set;
        if (_labels.Count >= MostNames)
            _labels.Clear();
        return _labels[(watch, code)] = new LabelSet(new("health_watch", watch), new("health_error_code", code));
    }
}
