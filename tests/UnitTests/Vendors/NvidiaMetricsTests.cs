using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Metrics;
using AIInfra.Core.Sampling;
using AIInfra.UnitTests.VendorFiles;
using AIInfra.Vendors.Nvidia;
using AIInfra.Vendors.Nvidia.Metrics;

namespace AIInfra.UnitTests.Vendors;

/// <summary>What NVIDIA's profiles show beside the plain readings, and all profiles together.</summary>
public sealed class NvidiaMetricsTests
{
    private static readonly string[] All = ["dcgm", "dcgm-4.9", "native", "neutral"];

    [Fact]
    public void An_Xid_that_monitors_watch_is_counted_from_zero()
    {
        using var page = new NvidiaPage(["dcgm"]);
        page.Publish(NvidiaPage.Gpu(0), NvidiaPage.Gpu(1));
        Assert.Equal(0, page.Values("DCGM_EXP_XID_ERRORS_TOTAL", "gpu", "xid")["1 79"]);

        page.Counts.SawXid("GPU-1", 79, page.Time.GetUtcNow());
        page.Counts.SawXid("GPU-1", 79, page.Time.GetUtcNow());

        var after = page.Values("DCGM_EXP_XID_ERRORS_TOTAL", "gpu", "xid");
        Assert.Equal((2, 0), (after["1 79"], after["0 79"]));
        Assert.Equal(2 * NvidiaCounts.FromZero.Length, after.Count);
    }

    [Fact]
    public void A_series_of_another_Xid_is_born_at_zero_and_keeps_it_for_a_minute()
    {
        using var page = new NvidiaPage(["dcgm", "neutral"]);
        page.Publish(NvidiaPage.Gpu(0));
        page.Counts.SawXid("GPU-0", 109, page.Time.GetUtcNow());

        page.Time.Advance(TimeSpan.FromMinutes(10)); // nobody has looked meanwhile
        Assert.Equal(0, page.Values("DCGM_EXP_XID_ERRORS_TOTAL", "xid")["109"]);
        Assert.Equal(0, page.Values("hw_gpu_fault_events_total", "origin", "code")["xid 109"]);
        page.Time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(0, page.Values("DCGM_EXP_XID_ERRORS_TOTAL", "xid")["109"]);
        page.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, page.Values("DCGM_EXP_XID_ERRORS_TOTAL", "xid")["109"]);
        Assert.Equal(1, page.Values("hw_gpu_fault_events_total", "origin", "code")["xid 109"]);
        Assert.True(page.Values("hw_gpu_fault_last_timestamp_seconds", "code")["109"] > 1e9);
    }

    [Fact]
    public void The_windowed_count_goes_down_again_but_its_series_stays()
    {
        using var page = new NvidiaPage(["dcgm"]);
        page.Publish(NvidiaPage.Gpu(0));
        Assert.Equal(0, page.Values("DCGM_EXP_XID_ERRORS_COUNT", "window_size_in_ms", "xid")["300000 -"]);

        page.Counts.SawXid("GPU-0", 31, page.Time.GetUtcNow());
        page.Time.Advance(TimeSpan.FromMinutes(4));
        page.Counts.SawXid("GPU-0", 31, page.Time.GetUtcNow());
        Assert.Equal(2, page.Values("DCGM_EXP_XID_ERRORS_COUNT", "xid")["31"]);
        Assert.DoesNotContain("-", page.Values("DCGM_EXP_XID_ERRORS_COUNT", "xid").Keys);

        page.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(1, page.Values("DCGM_EXP_XID_ERRORS_COUNT", "xid")["31"]);
        page.Time.Advance(TimeSpan.FromMinutes(4));
        Assert.Equal((0, 0), (page.Values("DCGM_EXP_XID_ERRORS_COUNT", "xid")["31"], page.Values("DCGM_EXP_XID_ERRORS_COUNT", "xid")["-"]));
    }

    [Fact]
    public void Clock_events_are_counted_by_samples()
    {
        using var page = new NvidiaPage(["dcgm", "neutral"]);
        var gpu = NvidiaPage.Gpu(0);
        page.Publish(gpu);
        Assert.Empty(page.Values("DCGM_EXP_CLOCK_EVENTS_COUNT", "clock_event")); // nothing was sampled yet
        page.Sample([gpu], ("clock_event_reasons", 0x48));
        var readings = page.Sources.Samples.Current.Value.Vendors[0].Devices[0].Readings;
        for (var round = 0; round < 3; round++)
            page.Counts.SawSample(gpu.Id, readings);

        var count = page.Values("DCGM_EXP_CLOCK_EVENTS_COUNT", "clock_event");
        Assert.Equal((3, 3, 0, 9), (count["hw_slowdown"], count["hw_thermal"], count["power_cap"], count.Count));
        page.Time.Advance(TimeSpan.FromMinutes(6));
        page.Sample([gpu], ("clock_event_reasons", 0x48));
        Assert.Equal((0, 3), (page.Values("DCGM_EXP_CLOCK_EVENTS_COUNT", "clock_event")["hw_thermal"], page.Values("DCGM_EXP_CLOCK_EVENTS_TOTAL", "clock_event")["hw_thermal"]));
        Assert.Equal((1, 0), (page.Values("hw_gpu_throttle_active", "reason")["hw_thermal"], page.Values("hw_gpu_throttle_active", "reason")["power"]));
    }

    [Fact]
    public void Problems_are_health_watches_and_states()
    {
        using var page = new NvidiaPage(["dcgm", "neutral"]);
        page.Publish(NvidiaPage.Gpu(0), NvidiaPage.Gpu(1), NvidiaPage.Partition(1, 7));
        Report(page, "nvidia.xid.48", "GPU-1", Severity.Fatal, SuggestedAction.ResetDevice);
        Report(page, "nvidia.ecc-uncorrected", "GPU-1", Severity.Degraded, SuggestedAction.Observe);
        Report(page, "nvidia.thermal-slowdown", "GPU-1", Severity.Degraded, SuggestedAction.Observe);
        Report(page, "nvidia.xid.63", "GPU-0", Severity.Info, SuggestedAction.Replace);

        var watches = page.Values("DCGM_EXP_GPU_HEALTH_STATUS", "gpu", "health_watch", "health_error_code");
        Assert.Equal((20, 10, 0), (watches["1 MEM nvidia.xid.48"], watches["1 THERMAL nvidia.thermal-slowdown"], watches["0 MEM "]));
        Assert.Equal(20, watches.Count); // ten watches a board, none of a partition's own
        var states = page.Values("hw_status", "hw_id", "hw_state");
        Assert.Equal((1, 0, 0, 1), (states["GPU-0 ok"], states["GPU-0 degraded"], states["GPU-0 failed"], states["GPU-0 predicted_failure"]));
        Assert.Equal((0, 0, 1, 1), (states["GPU-1 ok"], states["GPU-1 degraded"], states["GPU-1 failed"], states["MIG-1-7 failed"]));
    }

    [Theory]
    [InlineData("nvidia.xid.79", "PCIE")]
    [InlineData("nvidia.xid.74", "NVLINK")]
    [InlineData("nvidia.xid.62", "PMU")]
    [InlineData("nvidia.xid.119", "MCU")]
    [InlineData("nvidia.xid.94", "MEM")]
    [InlineData("nvidia.xid.999", "DRIVER")]
    [InlineData("nvidia.row-remap-failed", "MEM")]
    [InlineData("nvidia.power-brake", "POWER")]
    [InlineData("nvidia.fabric-not-ready", "NVLINK")]
    [InlineData("nvidia.inforom-corrupted", "INFOROM")]
    [InlineData("vendor.hung", "DRIVER")]
    public void Each_problem_belongs_to_a_watch(string id, string watch) => Assert.Equal(watch, DcgmHealthRows.Classify(id));

    [Fact]
    public void Profiles_show_the_same_values_each_in_its_own_unit()
    {
        using var page = new NvidiaPage(All);
        var gpu = NvidiaPage.Gpu(0);
        page.Publish(gpu);
        page.Sample([gpu], ("sm_clock_hertz", 1980e6), ("utilization_ratio", 0.29), ("memory_used_bytes", 4096.0 * 1048576), ("memory_total_bytes", 81920.0 * 1048576),
            ("memory_reserved_bytes", 0), ("energy_joules_total", 1234.5), ("slowed_power_seconds_total", 1.5), ("nvlink_bytes_per_second", 1024e3));

        var samples = page.Render().Samples.ToLookup(sample => sample.Key.Split('{')[0], sample => sample.Value);

        Assert.Equal([1980], samples["DCGM_FI_DEV_SM_CLOCK"]);
        Assert.Equal([1980e6], samples["DCGM_FI_DEV_SM_CLOCK_HERTZ"]);
        Assert.Equal([1980e6], samples["nvidia_smi_clocks_current_sm_clock_hz"]);
        Assert.Equal([1980e6], samples["hw_frequency_hertz"]);
        Assert.Equal([29], samples["DCGM_FI_DEV_GPU_UTIL"]);
        Assert.Equal([0.29], samples["DCGM_FI_DEV_GPU_UTIL_RATIO"]);
        Assert.Equal([0.29], samples["hw_gpu_utilization_ratio"]);
        Assert.Equal([4096], samples["DCGM_FI_DEV_FB_USED"]);
        Assert.Equal([4096.0 * 1048576], samples["DCGM_FI_DEV_FB_USED_BYTES"]);
        Assert.Equal([81920.0 * 1048576], samples["DCGM_FI_DEV_FB_CAPACITY_BYTES"]);
        Assert.Empty(samples["DCGM_FI_DEV_FB_TOTAL"]); // dcgm-exporter has it only where a file lists it
        Assert.Equal([0.05], samples["hw_gpu_memory_utilization_ratio"]);
        Assert.Equal([1234500], samples["DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION"]);
        Assert.Equal([1234], samples["DCGM_FI_DEV_GPU_ENERGY_JOULES_TOTAL"]);
        Assert.Equal([1234.5], samples["hw_energy_joules_total"]);
        Assert.Equal([1.5e9], samples["DCGM_FI_DEV_POWER_VIOLATION"]);
        Assert.Equal([1.5], samples["DCGM_FI_DEV_GPU_POWER_THROTTLE_SECONDS_TOTAL"]);
        Assert.Equal([1], samples["DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL"]);
        Assert.Equal([1024e3], samples["DCGM_FI_DEV_NVLINK_THROUGHPUT_BYTES_PER_SECOND"]);
    }

    [Fact]
    public void A_partition_has_what_is_its_own_in_each_profile()
    {
        using var page = new NvidiaPage(All);
        Device[] devices = [NvidiaPage.Gpu(0), NvidiaPage.Partition(0, 7), NvidiaPage.Partition(0, 8)];
        page.Publish([.. devices]);
        page.Sample(devices[1..], ("memory_used_bytes", 1048576), ("graphics_engine_active_ratio", 0.5));

        Assert.Equal(["7", "8"], page.Values("DCGM_FI_DEV_FB_USED", "GPU_I_ID").Keys);
        Assert.Equal(["7", "8"], page.Values("nvidia_smi_mig_memory_used_bytes", "gpu_instance_id").Keys);
        Assert.Equal(["MIG-0-7 GPU-0 0:7", "MIG-0-8 GPU-0 0:8"], page.Values("hw_gpu_memory_usage_bytes", "hw_id", "hw_parent", "index").Keys);
        Assert.Equal(["MIG-0-7 general", "MIG-0-8 general"], page.Values("hw_gpu_utilization_ratio", "hw_id", "hw_gpu_task").Keys);
        Assert.Empty(page.Values("nvidia_smi_memory_used_bytes", "uuid"));
        Assert.Equal(["GPU-0 ", "MIG-0-7 1g.10gb", "MIG-0-8 1g.10gb"], page.Values("hw_accelerator_info", "hw_id", "partition_profile").Keys);
    }

    /// <summary>A vendor that uses DCGM's names, as some do, and the neutral ones; its devices have the same numbers as NVIDIA's.</summary>
    private static MetricProfile[] OtherVendor()
    {
        var table = new FieldTable("acme", [new("temperature_celsius", FieldKind.Gauge), new("memory_used_bytes", FieldKind.Gauge)]);
        MetricProfile Profile(string name) => new()
        {
            Name = name,
            Vendor = "acme",
            Families =
            [
                new("DCGM_FI_DEV_GPU_TEMP", "Temperature.", MetricType.Counter, "temperature_celsius"), new("DCGM_EXP_XID_ERRORS_TOTAL", "Not what it is.", MetricType.Gauge, "temperature_celsius"),
                new("hw_status", "Not what it is.", MetricType.Gauge, "temperature_celsius"), new("nvidia_smi_temperature_gpu", "Temperature.", MetricType.Gauge, "temperature_celsius"),
            ],
            Labels = one => [new("gpu", $"{one.Device.Index}")],
        };
        return [Profile("dcgm"), Profile("dcgm-4.9"), Profile("native"), NeutralProfile.Of(table, [], [])];
    }

    public static TheoryData<string> Selections() =>
        [.. Enumerable.Range(1, 15).Select(bits => string.Join(',', All.Where((_, at) => (bits & (1 << at)) != 0))), "neutral,native,dcgm-4.9,dcgm", "native,dcgm,neutral"];

    [Theory] // every selection: PageReader refuses a name that stands twice and a series that stands twice
    [MemberData(nameof(Selections))]
    public void No_names_clash_whatever_profiles_and_vendors_are_together(string selection)
    {
        using var page = new NvidiaPage(selection.Split(','), [.. OtherVendor(), .. FileVendorPage.Profiles()]);
        Device[] gpus = [NvidiaPage.Gpu(0), NvidiaPage.Gpu(1), NvidiaPage.Partition(1, 7)];
        Device[] others = [.. new[] { 0, 1 }.Select(index => NvidiaPage.Gpu(index) with { Vendor = "acme", Id = $"ACME-{index}" })];
        page.Publish([.. gpus]);
        page.Sources.Inventory.Publish(new VendorInventory { Vendor = "acme", State = VendorState.Ready, Devices = [.. others] });
        page.Sample(gpus, [.. NvidiaFields.Table.Fields.Select(field => (field.Name, 1.0))]);
        page.Sources.Samples.Publish(new VendorSample(
            new FieldTable("acme", [new("temperature_celsius", FieldKind.Gauge), new("memory_used_bytes", FieldKind.Gauge)]),
            [.. others.Select(device => new DeviceSample(device.Id, [Reading.Of(40), Reading.Of(50)], page.Time.GetTimestamp()))]));
        foreach (var table in FileVendorPage.Tables)
        {
            var whole = NvidiaPage.Gpu(0) with { Vendor = table.Vendor, Id = $"{table.Vendor}-0", NodeName = "mlx5_0" };
            Device[] devices = [whole, whole with { Id = $"{table.Vendor}-0/1", ParentId = whole.Id, Partition = new DevicePartition("part", 1, null) { Number = 1 } }];
            page.Sources.Inventory.Publish(new VendorInventory { Vendor = table.Vendor, State = VendorState.Ready, Devices = [.. devices] });
            page.Sources.Samples.Publish(new VendorSample(table,
                [.. devices.Select(device => new DeviceSample(device.Id, [.. table.Fields.Select(_ => Reading.Of(1))], page.Time.GetTimestamp()))]));
        }

        var first = page.Render();

        Assert.Equal(first.Families.Count, first.Families.Distinct(StringComparer.Ordinal).Count());
        Assert.True(first.Samples.Count > 100);
        if (selection.Contains("neutral", StringComparison.Ordinal))
            Assert.Equal(4, page.Values("hw_temperature_celsius", "vendor", "hw_id", "hw_sensor_location").Count(sample => sample.Key.StartsWith("acme", StringComparison.Ordinal)) + 2);
    }

    [Fact]
    public void Every_field_of_a_profile_is_in_the_table() =>
        Assert.All(NvidiaProfiles.All(new NvidiaCounts(TimeSpan.FromMinutes(5), TimeProvider.System), TimeProvider.System, null).SelectMany(profile => profile.Families),
            family => Assert.True(NvidiaFields.Table.TryFind(family.Field, out _), family.Field));

    [Fact]
    public void Every_field_that_only_a_file_lists_is_in_the_table_too() =>
        Assert.All(DcgmTable.Rows, row => Assert.True(NvidiaFields.Table.TryFind(row.Legacy.Field, out _), row.Legacy.Field));

    private static void Report(NvidiaPage page, string id, string device, Severity severity, SuggestedAction action) => page.Sources.Health.Report(new ProblemReport
    {
        Id = id,
        Subject = Subject.Device(device),
        Severity = severity,
        Cause = Cause.Hardware,
        Action = action,
        Clearing = Clearing.ByHand,
        Message = "",
        Evidence = "",
        At = page.Time.GetUtcNow(),
    });
}
