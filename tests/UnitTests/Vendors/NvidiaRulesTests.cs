using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;
using AIInfra.Vendors;
using AIInfra.Vendors.Nvidia;

namespace AIInfra.UnitTests.Vendors;

public sealed class NvidiaRulesTests : IDisposable
{
    private static readonly DateTimeOffset At = new(2026, 7, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Device Gpu = new() { Id = "GPU-a", Vendor = "nvidia", Model = "H100", ResourceName = "nvidia.com/gpu" };

    private readonly HealthBoard _board = new(TimeProvider.System, "boot-1", []);
    private readonly NvidiaRules _rules = new(NvidiaXidTable.Embedded, () => TimeSpan.FromHours(1));

    public void Dispose() => _board.Dispose();

    [Theory]
    [InlineData(79, Severity.Fatal, SuggestedAction.Reboot)]
    [InlineData(13, Severity.Info, SuggestedAction.TellPod)]
    [InlineData(31, Severity.Info, SuggestedAction.TellPod)]
    [InlineData(94, Severity.Degraded, SuggestedAction.TellPod)]
    [InlineData(4711, Severity.Degraded, SuggestedAction.Observe)]
    public void An_xid_becomes_a_problem_of_its_device(long xid, Severity severity, SuggestedAction action)
    {
        Raise(NvidiaEvent.Xid, xid);

        var problem = Assert.Single(Problems);
        Assert.Equal(($"nvidia.xid.{xid}", Subject.Device(Gpu.Id), severity, action), (problem.Id, problem.Subject, problem.Severity, problem.Action));
        Assert.Equal(severity != Severity.Fatal, _board.Current.Value.IsHealthy(Gpu.Id));
    }

    [Theory]
    [InlineData(NvidiaEvent.CorrectedStorm, "nvidia.ecc-storm", Severity.Info)]
    [InlineData(NvidiaEvent.DramRetirement, "nvidia.dram-retirement", Severity.Info)]
    [InlineData(NvidiaEvent.DramRetirementFailed, "nvidia.dram-retirement-failed", Severity.Fatal)]
    [InlineData(NvidiaEvent.ContainedPoison, "nvidia.poison", Severity.Degraded)]
    [InlineData(NvidiaEvent.FatalPoison, "nvidia.poison-fatal", Severity.Fatal)]
    public void An_event_about_memory_is_a_problem_of_its_own_that_can_be_explained(string kind, string id, Severity severity)
    {
        Raise(kind, 0);

        Assert.Equal((id, severity), (Assert.Single(Problems).Id, Problems[0].Severity));
        Assert.Equal(severity, ProblemCatalog.Find(id)!.Severity);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_context_switch_that_timed_out_takes_no_GPU_away_when_the_GPU_asks_for_no_recovery(bool isLogFirst)
    {
        var line = new ProblemReport
        {
            Id = "nvidia.xid.109",
            Subject = Subject.Device(Gpu.Id),
            Severity = Severity.Fatal,
            Cause = Cause.Driver,
            Action = SuggestedAction.ResetDevice,
            Clearing = Clearing.OnReset,
            Message = "From the log.",
            Evidence = "NVRM: Xid (PCI:0000:3b:00): 109",
            At = At,
            Witness = "kernel log",
        };
        if (isLogFirst)
            _board.Report(line);
        Raise(NvidiaEvent.MildXid, 109);
        if (!isLogFirst)
            _board.Report(line);

        Assert.Equal((Severity.Info, SuggestedAction.TellPod, 1L), (Assert.Single(Problems).Severity, Problems[0].Action, Problems[0].Count));
        Assert.True(_board.Current.Value.IsHealthy(Gpu.Id));
    }

    [Fact]
    public void The_evidence_names_the_partition()
    {
        _rules.OnEvent(Gpu, new VendorEvent(Gpu.Id, NvidiaEvent.Xid, 31, "gi 3 ci 0"), At, _board);

        Assert.Equal("NVML event: Xid 31 (mmu-fault) on gi 3 ci 0", Assert.Single(Assert.Single(Problems).Evidence));
    }

    [Fact]
    public void An_xid_of_a_device_not_listed_yet_stands_on_that_device()
    {
        _rules.OnEvent(null, new VendorEvent("GPU-b", NvidiaEvent.Xid, 79, null), At, _board);

        Assert.Equal(Subject.Device("GPU-b"), Assert.Single(Problems).Subject);
    }

    [Fact]
    public void A_fatal_xid_of_no_device_does_not_condemn_the_node()
    {
        _rules.OnEvent(null, new VendorEvent(null, NvidiaEvent.Xid, 79, null), At, _board);

        var problem = Assert.Single(Problems);
        Assert.Equal((Subject.Node, Severity.Degraded, ClearingKind.Quiet), (problem.Subject, problem.Severity, problem.Clearing.Kind));
    }

    [Fact]
    public void A_double_bit_error_is_counted_by_its_xid_alone()
    {
        Raise(NvidiaEvent.DoubleBitEcc, 0);
        Raise(NvidiaEvent.Xid, 48);

        Assert.Equal(1, Assert.Single(Problems).Count);
    }

    [Fact]
    public void Power_smoothing_that_works_again_ends_its_problem()
    {
        Raise(NvidiaEvent.Xid, 163);
        Raise(NvidiaEvent.Xid, 162);

        Assert.Equal("nvidia.xid.162", Assert.Single(Problems).Id);
    }

    [Theory]
    [InlineData(1, Severity.Fatal, SuggestedAction.ResetDevice)]
    [InlineData(2, Severity.Fatal, SuggestedAction.Reboot)]
    [InlineData(3, Severity.Degraded, SuggestedAction.Drain)]
    [InlineData(4, Severity.Fatal, SuggestedAction.Drain)]
    [InlineData(5, Severity.Degraded, SuggestedAction.RestartService)]
    [InlineData(6, Severity.Fatal, SuggestedAction.ResetDevice)]
    [InlineData(7, Severity.Fatal, SuggestedAction.Reboot)]
    [InlineData(8, Severity.Degraded, SuggestedAction.Observe)]
    [InlineData(4000000000, Severity.Degraded, SuggestedAction.Observe)]
    public void A_recovery_action_raises_one_problem_until_it_is_none(long value, Severity severity, SuggestedAction action)
    {
        var asking = Sample(("recovery_action", value));
        Observe(null, asking);
        Observe(asking, asking);

        var problem = Assert.Single(Problems);
        Assert.Equal(("nvidia.recovery-action", severity, action, 1L), (problem.Id, problem.Severity, problem.Action, problem.Count));

        Observe(asking, Sample(("recovery_action", 0)));
        Assert.Empty(Problems);
    }

    [Fact]
    public void A_milder_recovery_action_replaces_a_graver_one()
    {
        var (reboot, peers) = (Sample(("recovery_action", 2)), Sample(("recovery_action", 3)));
        Observe(null, reboot);
        Observe(reboot, peers);

        Assert.Equal((Severity.Degraded, SuggestedAction.Drain), (Assert.Single(Problems).Severity, Problems.Single().Action));
    }

    [Fact]
    public void A_recovery_action_told_by_an_event_ends_with_the_reading()
    {
        Raise(NvidiaEvent.RecoveryAction, 1);
        Assert.False(_board.Current.Value.IsHealthy(Gpu.Id));

        Observe(Sample(("recovery_action", 0)), Sample(("recovery_action", 0)));
        Assert.Empty(Problems);
    }

    [Fact]
    public void The_reading_also_ends_what_the_kernel_log_told()
    {
        _board.Report(new ProblemReport
        {
            Id = "nvidia.xid.154",
            Subject = Subject.Device(Gpu.Id),
            Severity = Severity.Fatal,
            Cause = Cause.Hardware,
            Action = SuggestedAction.Drain,
            Clearing = Clearing.OnHealthyReading,
            Message = "From the log.",
            Evidence = "changed from 0x0 to 0x4",
            At = At,
        });
        Observe(null, Sample(("recovery_action", 0)));

        Assert.Empty(Problems);
    }

    [Fact]
    public void An_unknown_recovery_action_concludes_nothing()
    {
        Observe(null, Sample(("recovery_action", 1)));
        var unknown = Sample();
        unknown[NvidiaFields.Table["recovery_action"]] = Reading.Unknown;
        Observe(null, unknown);

        Assert.Single(Problems);
    }

    [Fact]
    public void A_failed_row_remapping_asks_for_a_new_board_until_it_reads_good()
    {
        var failed = Sample(("row_remap_failed", 1));
        Observe(null, failed);
        Observe(failed, failed);

        var problem = Assert.Single(Problems);
        Assert.Equal(("nvidia.row-remap-failed", Severity.Fatal, SuggestedAction.Replace, 1L), (problem.Id, problem.Severity, problem.Action, problem.Count));

        Observe(failed, Sample(("row_remap_failed", 0)));
        Assert.Empty(Problems);
    }

    [Theory]
    [InlineData("ecc_volatile_uncorrected_total")]
    [InlineData("ecc_volatile_corrected_total")]
    [InlineData("energy_joules_total")]
    public void A_counter_that_starts_anew_proves_a_reset(string counter)
    {
        Raise(NvidiaEvent.Xid, 48);
        Raise(NvidiaEvent.Xid, 79);

        Observe(Sample((counter, 5)), Sample((counter, 0)));

        Assert.Equal("nvidia.xid.79", Assert.Single(Problems).Id); // that one needs a boot
    }

    [Theory]
    [InlineData("ecc_aggregate_uncorrected_total", 0.0)] // for life: no reset sets it back
    [InlineData("energy_joules_total", 1.0)] // still asks for a reset
    [InlineData("energy_joules_total", null)] // does not answer that
    public void What_is_no_proof_of_a_reset_clears_nothing(string counter, double? recovery)
    {
        Raise(NvidiaEvent.Xid, 48);
        var now = Sample((counter, 1));
        now[NvidiaFields.Table["recovery_action"]] = recovery is { } value ? Reading.Of(value) : Reading.Unknown;

        Observe(Sample((counter, 5)), now);

        Assert.Contains(Problems, problem => problem.Id == "nvidia.xid.48");
    }

    [Fact]
    public void A_missing_reading_is_no_proof_of_a_reset()
    {
        Raise(NvidiaEvent.Xid, 48);
        Observe(Sample(("energy_joules_total", 5)), Sample());
        Observe(Sample(), Sample(("energy_joules_total", 1)));

        Assert.Single(Problems);
    }

    [Theory]
    [InlineData(NvmlReturn.GpuIsLost, SuggestedAction.Reboot)]
    [InlineData(NvmlReturn.ResetRequired, SuggestedAction.ResetDevice)]
    [InlineData(NvmlReturn.InsufficientPower, SuggestedAction.Drain)]
    internal void A_lost_board_is_fatal_until_it_answers(NvmlReturn status, SuggestedAction action)
    {
        _rules.OnLost(Gpu, NvmlStatus.Failure("nvmlDeviceGetTemperature", status), At, _board);

        var problem = Assert.Single(Problems);
        Assert.Equal(("nvidia.gpu-lost", Severity.Fatal, action), (problem.Id, problem.Severity, problem.Action));
        Assert.StartsWith($"nvmlDeviceGetTemperature answered {(int)status}: ", Assert.Single(problem.Evidence));

        Observe(null, Sample());
        Assert.Empty(Problems);
    }

    [Fact]
    public void A_board_that_becomes_unavailable_is_lost()
    {
        Raise(NvidiaEvent.Unavailable, 0);

        Assert.Equal("nvidia.gpu-lost", Assert.Single(Problems).Id);
    }

    [Fact]
    public void A_reset_of_the_board_is_one_of_its_partitions()
    {
        var partition = Gpu with { Id = "MIG-1", ParentId = Gpu.Id };
        _rules.OnSample(partition, null, Sample(), At, _board);
        _rules.OnEvent(partition, new VendorEvent(partition.Id, NvidiaEvent.Xid, 48, "gi 3 ci 0"), At, _board);
        Assert.Equal(Subject.Device("MIG-1"), Assert.Single(Problems).Subject);

        Observe(Sample(("energy_joules_total", 5)), Sample(("energy_joules_total", 0)));
        Assert.Empty(Problems);
    }

    [Fact]
    public void Libraries_that_do_not_fit_the_kernel_module_take_every_board_away_until_the_library_opens()
    {
        var fault = NvmlStatus.Failure("nvmlInit_v2", NvmlReturn.LibRmVersionMismatch);

        Assert.True(_rules.OnRefused([Gpu, Gpu with { Id = "GPU-b" }], fault, At, _board));
        Assert.All(Problems, problem => Assert.Equal(("nvidia.api-mismatch", Severity.Fatal, SuggestedAction.Reboot), (problem.Id, problem.Severity, problem.Action)));
        Assert.Equal(2, Problems.Length);

        Observe(null, Sample()); // one that opened it before answers: that says nothing of new programs
        Assert.Equal(2, Problems.Length);

        _rules.OnOpened([Gpu, Gpu with { Id = "GPU-b" }], At, _board);
        Assert.Empty(Problems);
    }

    [Fact]
    public void A_mismatch_on_a_node_whose_boards_are_not_known_stands_on_the_node()
    {
        _rules.OnRefused([], NvmlStatus.Failure("nvmlInit_v2", NvmlReturn.LibRmVersionMismatch), At, _board);
        Assert.Equal((Subject.Node, Severity.Degraded), (Assert.Single(Problems).Subject, Problems[0].Severity));

        _rules.OnOpened([], At, _board);
        Assert.Empty(Problems);
        Assert.False(_rules.OnRefused([Gpu], NvmlStatus.Failure("nvmlInit_v2", NvmlReturn.NoPermission), At, _board));
    }

    [Fact]
    public void Corrected_errors_and_unknown_events_raise_nothing()
    {
        Observe(Sample(("ecc_volatile_corrected_total", 1)), Sample(("ecc_volatile_corrected_total", 100000)));
        Raise("of-a-newer-library", 1);

        Assert.Empty(Problems);
    }

    private System.Collections.Immutable.ImmutableArray<Problem> Problems => _board.Current.Value.Problems;

    private void Raise(string kind, long value) => _rules.OnEvent(Gpu, new VendorEvent(Gpu.Id, kind, value, null), At, _board);

    private void Observe(Reading[]? before, Reading[] now) => _rules.OnSample(Gpu, before, now, At, _board);

    private static Reading[] Sample(params (string Name, double Value)[] present)
    {
        var readings = new Reading[NvidiaFields.Table.Count];
        foreach (var (name, value) in present)
            readings[NvidiaFields.Table[name]] = Reading.Of(value);
        return readings;
    }
}
