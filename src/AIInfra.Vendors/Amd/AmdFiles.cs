using System.Buffers.Text;
using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorFiles;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Amd;

/// <summary>The open files of one AMD GPU. The file pcie_bw is never read: it blocks for a second.</summary>
internal sealed class AmdFiles : IDeviceFiles
{
    private const int LongestBlob = 8192, LongestCounters = 256, LongestPages = 8192;

    private static readonly int FirstMetric = AmdFields.Table[AmdMetricsReader.Rows[0].Field], Uncorrected = AmdFields.Table["ecc_uncorrected_total"],
        FirstUncorrected = AmdFields.Table[$"ecc_uncorrected_{AmdFields.Blocks[0]}_total"], FirstCorrected = AmdFields.Table[$"ecc_corrected_{AmdFields.Blocks[0]}_total"],
        Retired = AmdFields.Table["retired_pages"], Pending = AmdFields.Table["retired_pages_pending"];

    /// <summary>Readings that the metrics blob has too, for GPUs or moments in which the file of their own says nothing.</summary>
    private static readonly ImmutableArray<(int Place, int Metric)> StandIns =
    [
        .. new (string Place, string Metric)[]
        {
            ("utilization_ratio", "metrics_utilization_ratio"), ("memory_activity_ratio", "metrics_memory_activity_ratio"), ("temperature_edge_celsius", "metrics_temperature_edge_celsius"),
            ("temperature_junction_celsius", "metrics_temperature_hotspot_celsius"), ("temperature_memory_celsius", "metrics_temperature_memory_celsius"), ("power_watts", "metrics_power_watts"),
            ("pcie_replays_total", "metrics_pcie_replays_total"), ("pcie_link_speed_gigatransfers", "metrics_pcie_link_speed_gigatransfers"), ("pcie_link_width", "metrics_pcie_link_width"),
        }.Select(pair => (AmdFields.Table[pair.Place], AmdFields.Table[pair.Metric])),
    ];

    private readonly string _folder;
    private readonly KernelFile _metrics, _pages;
    private readonly ImmutableArray<(int Place, double Scale, KernelFile File)> _numbers;
    private readonly ImmutableArray<KernelFile> _ras;
    private readonly AmdMetricsReader _reader = new();

    public AmdFiles(KernelTree sys, string folder)
    {
        _folder = folder;
        KernelFile Open(string file) => KernelFile.Open(sys.Here($"{folder}/{file}"));
        (_metrics, _pages) = (Open("gpu_metrics"), Open("ras/gpu_vram_bad_pages"));
        _ras = [.. AmdFields.Blocks.Select(block => Open($"ras/{block}_err_count"))];
        var numbers = new List<(string Field, double Scale, string File)>
        {
            ("utilization_ratio", 0.01, "gpu_busy_percent"), ("memory_activity_ratio", 0.01, "mem_busy_percent"),
            ("memory_total_bytes", 1, "mem_info_vram_total"), ("memory_used_bytes", 1, "mem_info_vram_used"),
            ("visible_memory_total_bytes", 1, "mem_info_vis_vram_total"), ("visible_memory_used_bytes", 1, "mem_info_vis_vram_used"),
            ("gtt_total_bytes", 1, "mem_info_gtt_total"), ("gtt_used_bytes", 1, "mem_info_gtt_used"),
            ("pcie_replays_total", 1, "pcie_replay_count"), ("pcie_link_speed_gigatransfers", 1, "current_link_speed"), ("pcie_link_width", 1, "current_link_width"), ("xgmi_error", 1, "xgmi_error"),
        };
        if (sys.Names($"{folder}/hwmon").FirstOrDefault(name => sys.Text($"{folder}/hwmon/{name}/name") == "amdgpu") is { } monitor)
            numbers.AddRange(Monitor(sys, $"{folder}/hwmon/{monitor}").Select(row => (row.Field, row.Scale, $"hwmon/{monitor}/{row.File}")));
        _numbers = [.. numbers.Select(row => (AmdFields.Table[row.Field], row.Scale, Open(row.File)))];
    }

    /// <summary>Sensors go by their labels: which number a sensor has differs between GPUs.</summary>
    private static IEnumerable<(string Field, double Scale, string File)> Monitor(KernelTree sys, string folder)
    {
        var hottest = "";
        for (var sensor = 1; sensor <= 8; sensor++)
        {
            var head = string.Create(CultureInfo.InvariantCulture, $"temp{sensor}");
            var kind = sys.Text($"{folder}/{head}_label") switch { "edge" => "edge", "junction" => "junction", "mem" => "memory", _ => null };
            if (kind is null)
                continue;
            yield return ($"temperature_{kind}_celsius", 0.001, $"{head}_input");
            if (kind == "junction" || (kind == "edge" && hottest.Length == 0))
                hottest = head;
        }
        if (hottest.Length > 0)
            yield return ("temperature_critical_celsius", 0.001, $"{hottest}_crit");
        yield return ("power_watts", 1e-6, sys.Has($"{folder}/power1_average") ? "power1_average" : "power1_input");
        yield return ("power_limit_watts", 1e-6, "power1_cap");
        yield return ("fan_rpm", 1, "fan1_input");
    }

    public void Read(Span<Reading> readings)
    {
        var answers = false;
        foreach (var (place, scale, file) in _numbers)
        {
            readings[place] = file.ReadNumber(scale);
            answers |= readings[place].IsPresent;
        }
        answers |= ReadMetrics(readings);
        if (!answers)
            throw new VendorException(_folder, 5, VendorFault.Transient, $"no file of {_folder} answers; the GPU is being reset or taken away, or is gone from the bus");
        ReadErrors(readings);
        ReadPages(readings);
    }

    private bool ReadMetrics(Span<Reading> readings)
    {
        Span<byte> blob = stackalloc byte[LongestBlob];
        var state = _metrics.Read(blob, out var length);
        var metrics = readings.Slice(FirstMetric, AmdMetricsReader.Rows.Length);
        if (state == ReadingState.Present)
            _reader.Read(blob[..length], metrics);
        else
            metrics.Fill(new Reading(state, 0));
        foreach (var (place, metric) in StandIns)
        {
            if (!readings[place].IsPresent && readings[metric].IsPresent)
                readings[place] = readings[metric];
        }
        return state == ReadingState.Present && length > 0;
    }

    /// <summary>Lines <c>ue: 0</c>, <c>ce: 12</c> and on newer drivers <c>de: 0</c>.</summary>
    private void ReadErrors(Span<Reading> readings)
    {
        Span<byte> text = stackalloc byte[LongestCounters];
        for (var block = 0; block < _ras.Length; block++)
        {
            var state = _ras[block].Read(text, out var length);
            if (state != ReadingState.Present)
            {
                (readings[FirstUncorrected + block], readings[FirstCorrected + block]) = (new Reading(state, 0), new Reading(state, 0));
                continue;
            }
            var (uncorrected, corrected, deferred) = (Count(text[..length], "ue:"u8), Count(text[..length], "ce:"u8), Count(text[..length], "de:"u8));
            (readings[FirstUncorrected + block], readings[FirstCorrected + block]) = (uncorrected, corrected);
            Add(ref readings[Uncorrected], uncorrected);
            Add(ref readings[Uncorrected + 1], corrected);
            Add(ref readings[Uncorrected + 2], deferred);
        }
    }

    private static Reading Count(ReadOnlySpan<byte> text, ReadOnlySpan<byte> name)
    {
        var at = text.IndexOf(name);
        if (at < 0)
            return Reading.Absent;
        return Utf8Parser.TryParse(text[(at + name.Length)..].TrimStart((byte)' '), out ulong count, out _) ? Reading.Of(count) : Reading.Unknown;
    }

    private static void Add(ref Reading sum, Reading count)
    {
        if (count.IsPresent)
            sum = Reading.Of(sum.Value + count.Value);
    }

    /// <summary>Lines <c>0x000123 : 0x1000 : R</c>; P are retired at the next reset, F could not be.</summary>
    private void ReadPages(Span<Reading> readings)
    {
        Span<byte> text = stackalloc byte[LongestPages];
        var state = _pages.Read(text, out var length);
        if (state != ReadingState.Present)
        {
            (readings[Retired], readings[Pending]) = (new Reading(state, 0), new Reading(state, 0));
            return;
        }
        var (retired, pending) = (0, 0);
        var rest = (ReadOnlySpan<byte>)text[..length];
        while (!rest.IsEmpty)
        {
            var end = rest.IndexOf((byte)'\n');
            var line = (end < 0 ? rest : rest[..end]).TrimEnd(" \r"u8);
            retired += line.EndsWith(": R"u8) ? 1 : 0;
            pending += line.EndsWith(": P"u8) || line.EndsWith(": F"u8) ? 1 : 0;
            rest = end < 0 ? [] : rest[(end + 1)..];
        }
        (readings[Retired], readings[Pending]) = (Reading.Of(retired), Reading.Of(pending));
    }

    public void Dispose()
    {
        _metrics.Dispose();
        _pages.Dispose();
        foreach (var file in _ras)
            file.Dispose();
        foreach (var number in _numbers)
            number.File.Dispose();
    }
}

/// <summary>What a compute partition tells of its own: the load, out of its board's blob, and the memory. Sensors are the board's.</summary>
internal sealed class AmdPartitionFiles(KernelTree sys, string folder, int partition, KfdNode node, HostPaths host) : IDeviceFiles
{
    private const int LongestBlob = 8192;
    private static readonly int Utilization = AmdFields.Table["utilization_ratio"], MemoryTotal = AmdFields.Table["memory_total_bytes"], MemoryUsed = AmdFields.Table["memory_used_bytes"];

    private readonly KernelFile _metrics = KernelFile.Open(sys.Here($"{folder}/gpu_metrics"));
    private readonly KernelFile _used = KernelFile.Open(Path.Combine(host.Sys, string.Create(CultureInfo.InvariantCulture, $"class/drm/renderD{node.RenderMinor}/device/mem_info_vram_used")));

    public void Read(Span<Reading> readings)
    {
        Span<byte> blob = stackalloc byte[LongestBlob];
        var state = _metrics.Read(blob, out var length);
        readings[Utilization] = state == ReadingState.Present ? AmdMetricsReader.PartitionLoad(blob[..length], partition) : new Reading(state, 0);
        readings[MemoryTotal] = node.MemoryBytes > 0 ? Reading.Of(node.MemoryBytes) : Reading.Absent;
        readings[MemoryUsed] = partition == 0 && node.RenderMinor == 0 ? Reading.Absent : _used.ReadNumber();
    }

    public void Dispose()
    {
        _metrics.Dispose();
        _used.Dispose();
    }
}
