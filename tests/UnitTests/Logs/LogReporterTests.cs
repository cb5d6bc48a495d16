using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Logs;
using AIInfra.Core.State;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Logs;

public sealed class LogReporterTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly HealthBoard _board;
    private readonly InventoryBoard _inventory = new();
    private readonly ReadingPositions _positions = new();
    private readonly LogReporter _reporter;

    public LogReporterTests()
    {
        _board = new HealthBoard(_time, "boot", []);
        _positions["log"].Begin("boot");
        _reporter = new LogReporter(_board, _inventory, _positions["log"], _time, "log");
    }

    public void Dispose() => _board.Dispose();

    [Fact]
    public void A_line_of_a_device_that_is_released_for_work_on_its_driver_is_recorded_and_no_more()
    {
        Publish("0000:3b:00.0");
        _board.Report(TestGpus.Fatal("GPU-0") with { Id = Core.VendorHost.VendorReleases.ProblemId, At = _time.GetUtcNow() });
        Read(7, "0000:3b:00.0");
        var recorded = _board.Current.Value.Problems[^1];
        Assert.Equal((Severity.Info, SuggestedAction.Observe, ClearingKind.Quiet), (recorded.Severity, recorded.Action, recorded.Clearing.Kind));
        Assert.Contains("released for work on its driver", recorded.Message, StringComparison.Ordinal);

        _board.ReportHealthy(Core.VendorHost.VendorReleases.ProblemId, Subject.Device("GPU-0"), "resumed");
        _time.Advance(TimeSpan.FromMinutes(1));
        Read(8, "0000:3b:00.0");
        Assert.Equal(Severity.Fatal, Only.Severity);
    }

    [Fact]
    public void A_line_is_laid_on_the_device_at_its_address()
    {
        Publish("0000:3b:00.0");
        Read(7, "0000:3b:00.0");

        Assert.Equal((Subject.Device("GPU-0"), Severity.Fatal), (Only.Subject, Only.Severity));
        Assert.Equal(7, Assert.Single(_positions.Take()).Sequence);
    }

    [Fact]
    public void Before_the_devices_are_known_it_waits_for_them_and_the_place_is_not_moved_past_it()
    {
        Read(6, null);
        Read(7, "0000:3b:00.0");
        Read(8, null);
        Assert.Equal(Subject.Node, Only.Subject);
        Assert.Equal(6, Assert.Single(_positions.Take()).Sequence);

        Publish("0000:3b:00.0");
        _reporter.RetryWaiting();

        Assert.Contains(_board.Current.Value.Problems, problem => problem.Subject == Subject.Device("GPU-0"));
        Assert.Equal(8, Assert.Single(_positions.Take()).Sequence);
    }

    [Fact]
    public void An_address_that_stays_unknown_is_an_alert_on_the_node_that_empties_nothing()
    {
        Read(7, "0000:99:00.0");
        Assert.Empty(_board.Current.Value.Problems);
        _time.Advance(LogReporter.Patience);
        _reporter.RetryWaiting();

        Assert.Equal((Subject.Node, Severity.Degraded, ClearingKind.Quiet), (Only.Subject, Only.Severity, Only.Clearing.Kind));
        Assert.Contains("0000:99:00.0", Only.Message, StringComparison.Ordinal);
        Read(8, "0000:98:00.0");
        Assert.Equal(2, Only.Count);
    }

    [Fact]
    public void A_part_that_is_no_accelerator_is_its_own_subject_and_one_that_the_log_named_is_found_by_its_name()
    {
        _reporter.Report(Finding(1, "0000:05:00.0") with { IsPart = true }, _time.GetUtcNow());
        Assert.Equal(Subject.Device("0000:05:00.0"), Only.Subject);

        Publish("0000:3b:00.0");
        _reporter.Report(Finding(2, "0000:44:00.0") with { DeviceId = "GPU-0" }, _time.GetUtcNow());
        Assert.Contains(_board.Current.Value.Problems, problem => problem.Subject == Subject.Device("GPU-0"));
    }

    [Fact]
    public void A_line_about_a_partition_is_laid_on_it_and_is_one_problem_with_the_drivers_event()
    {
        PublishDivided();
        _board.Report(new ProblemReport
        {
            Id = "acme.fault",
            Subject = Subject.Device("MIG-3-1"),
            Severity = Severity.Fatal,
            Cause = Cause.Hardware,
            Action = SuggestedAction.Reboot,
            Clearing = Clearing.OnHealthyReading,
            Message = "A fault.",
            Evidence = "the event",
            At = _time.GetUtcNow(),
            Witness = "library",
        });
        _reporter.Report(Finding(1, "0000:3b:00.0") with { Partition = (3, 1) }, _time.GetUtcNow());

        Assert.Equal((Subject.Device("MIG-3-1"), 1L, 2), (Only.Subject, Only.Count, Only.Evidence.Length));
    }

    [Fact]
    public void A_line_about_an_instance_is_on_all_its_parts_and_one_about_an_instance_that_is_gone_on_the_board()
    {
        PublishDivided();
        _reporter.Report(Finding(1, "0000:3b:00.0") with { Partition = (3, null) }, _time.GetUtcNow());
        Assert.Equal(["MIG-3-0", "MIG-3-1"], _board.Current.Value.Problems.Select(problem => problem.Subject.Id));

        _reporter.Report(Finding(2, "0000:3b:00.0") with { Partition = (3, null), IsClear = true }, _time.GetUtcNow());
        _reporter.Report(Finding(3, "0000:3b:00.0") with { Partition = (9, 0) }, _time.GetUtcNow());
        Assert.Equal(Subject.Device("GPU-0"), Only.Subject);
    }

    [Fact]
    public void Two_forms_of_one_fault_are_one_sighting()
    {
        Publish("0000:3b:00.0");
        _reporter.Report(Finding(1, "0000:3b:00.0"), _time.GetUtcNow());
        _reporter.Report(Finding(2, "0000:3b:00.0") with { Form = "in words" }, _time.GetUtcNow());

        Assert.Equal((1L, 2), (Only.Count, Only.Evidence.Length));
    }

    [Fact]
    public void A_line_that_says_it_is_over_clears_it()
    {
        Publish("0000:3b:00.0");
        Read(1, "0000:3b:00.0");
        _reporter.Report(Finding(2, "0000:3b:00.0") with { IsClear = true }, _time.GetUtcNow());

        Assert.Empty(_board.Current.Value.Problems);
    }

    [Fact]
    public void What_names_a_part_is_on_the_device_at_its_address_if_one_is_known_and_else_on_the_part()
    {
        var disk = new Subject(SubjectKind.Port, "mlx5_2");
        Publish("0000:3b:00.0");
        _reporter.Report(Finding(1, "0000:3b:00.0") with { Otherwise = disk }, _time.GetUtcNow());
        Assert.Equal(Subject.Device("GPU-0"), Only.Subject);

        _time.Advance(LogReporter.Patience);
        _reporter.Report(Finding(2, "0000:44:00.0") with { Otherwise = disk }, _time.GetUtcNow());
        Assert.Contains(_board.Current.Value.Problems, problem => problem.Subject == disk && problem.Severity == Severity.Fatal);
        _reporter.Report(Finding(3, "0000:44:00.0") with { Otherwise = disk, IsClear = true }, _time.GetUtcNow());
        Assert.Equal(Subject.Device("GPU-0"), Only.Subject);
    }

    [Fact]
    public void A_line_that_says_it_is_over_ends_what_would_end_by_quiet_but_not_what_needs_a_boot()
    {
        foreach (var clearing in new[] { Clearing.AfterQuiet(TimeSpan.FromHours(1)), Clearing.OnBoot })
        {
            var finding = Finding(1, null);
            finding = finding with { Verdict = finding.Verdict with { ProblemId = $"acme.{clearing.Kind}", Clearing = clearing } };
            _reporter.Report(finding, _time.GetUtcNow());
            _reporter.Report(finding with { IsClear = true }, _time.GetUtcNow());
        }

        Assert.Equal("acme.Boot", Only.Id);
    }

    [Fact]
    public void A_flood_before_the_devices_are_known_is_bounded()
    {
        for (var at = 0; at < 10_000; at++)
            Read(at, "0000:3b:00.0");

        Assert.InRange(Only.Count, 9_000, 10_000); // what did not fit was laid on the node at once
    }

    private Problem Only => Assert.Single(_board.Current.Value.Problems);

    private void Read(long number, string? address)
    {
        _reporter.Report(Finding(number, address), _time.GetUtcNow());
        _reporter.Done(number);
        _board.PublishWithheld();
    }

    private static LogFinding Finding(long number, string? address) => new()
    {
        Verdict = new LogVerdict("acme.fault", Severity.Fatal, Cause.Hardware, SuggestedAction.Reboot, Clearing.OnHealthyReading, "A fault."),
        PciAddress = address,
        Evidence = "the line",
        Number = number,
    };

    private void PublishDivided() => _inventory.Publish(new VendorInventory
    {
        Vendor = "acme",
        State = VendorState.Ready,
        Devices =
        [
            new Device { Id = "GPU-0", Vendor = "acme", Model = "x", ResourceName = "acme.com/gpu", PciAddress = "0000:3b:00.0" },
            Part(3, 0), Part(3, 1), Part(4, 0),
        ],
    });

    private static Device Part(int instance, int sub) => new()
    {
        Id = $"MIG-{instance}-{sub}",
        Vendor = "acme",
        Model = "x",
        ResourceName = "acme.com/part",
        PciAddress = "0000:3b:00.0",
        ParentId = "GPU-0",
        Partition = new DevicePartition("1g", instance, sub),
    };

    private void Publish(string address) => _inventory.Publish(new VendorInventory
    {
        Vendor = "acme",
        State = VendorState.Ready,
        Devices = [new Device { Id = "GPU-0", Vendor = "acme", Model = "x", ResourceName = "acme.com/gpu", PciAddress = address }],
    });
}
