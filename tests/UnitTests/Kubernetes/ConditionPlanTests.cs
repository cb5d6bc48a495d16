using System.Text;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.VendorHost;
using AIInfra.Kubernetes.Reporting;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Kubernetes;

public sealed class ConditionPlanTests
{
    private readonly ManualTime _time = new();
    private readonly HealthBoard _health;
    private readonly InventoryBoard _inventory = new();
    private readonly ConditionPlan _plan;

    public ConditionPlanTests()
    {
        (_health, _plan) = (new HealthBoard(_time, "boot", []), new ConditionPlan(_time));
        _inventory.Publish(TestGpus.Inventory(TestGpus.Switched(8)));
    }

    private void Report(string id, Severity severity, int gpu = 0, Cause cause = Cause.Hardware) => _health.Report(TestGpus.Fatal(TestGpus.Id(gpu)) with { Id = id, Severity = severity, Cause = cause, At = _time.GetUtcNow(), FlapWindow = TimeSpan.Zero });

    private void Clear(string id, int gpu = 0) => _health.ReportHealthy(id, Subject.Device(TestGpus.Id(gpu)), "well");

    private WantedCondition Of(string type, ConditionPlan? plan = null) => (plan ?? _plan).Update(_health.Current.Value, _inventory.Current.Value).Single(condition => condition.Type == type);

    [Theory]
    [InlineData("nvidia.xid.79", SubjectKind.Device, Cause.Hardware, "AcceleratorHealthy")]
    [InlineData("nvidia.xid.74", SubjectKind.Device, Cause.Fabric, "FabricHealthy")]
    [InlineData("nvidia.nvlink-down", SubjectKind.Device, Cause.Fabric, "FabricHealthy")]
    [InlineData("nvidia.sxid.11001", SubjectKind.Node, Cause.Hardware, "FabricHealthy")]
    [InlineData("vendor.crashed", SubjectKind.Node, Cause.Driver, "AcceleratorHealthy")]
    [InlineData("vendor.device-hung", SubjectKind.Unit, Cause.Driver, "AcceleratorHealthy")]
    [InlineData("rdma.link-down", SubjectKind.Port, Cause.Fabric, "FabricHealthy")]
    [InlineData("runtime.restarting", SubjectKind.Unit, Cause.Host, "RuntimeHealthy")]
    [InlineData("disk.io-error", SubjectKind.Node, Cause.Hardware, "StorageHealthy")]
    [InlineData("mount.nfs", SubjectKind.Mount, Cause.Host, "StorageHealthy")]
    [InlineData("kernel.hung-task", SubjectKind.Node, Cause.Host, "KernelHealthy")]
    [InlineData("memory.ue", SubjectKind.Node, Cause.Hardware, "KernelHealthy")]
    [InlineData("acme.own-rule", SubjectKind.Device, Cause.Host, "AcceleratorHealthy")]
    [InlineData("acme.own-rule", SubjectKind.Node, Cause.Host, "KernelHealthy")]
    public void Each_problem_feeds_one_condition(string id, SubjectKind kind, Cause cause, string type) => Assert.Equal(type, ConditionTable.TypeOf(new Problem
    {
        Id = id, Subject = new Subject(kind, "x"), Severity = Severity.Fatal, Cause = cause, Action = SuggestedAction.None, Clearing = Clearing.ByHand, Message = "", FirstSeen = default, LastSeen = default,
        Count = 1, Evidence = [], BootId = "",
    }));

    [Theory]
    [InlineData("nvidia.xid.79", "NvidiaXid79")]
    [InlineData("disk.nvme.reset-failed", "DiskNvmeResetFailed")]
    [InlineData("8.bad\n", "Problem8Bad")]
    [InlineData("", "Problem")]
    [InlineData("故障", "Problem")]
    public void A_reason_is_what_Kubernetes_takes(string id, string reason) => Assert.Equal(reason, ConditionTable.Reason(id));

    [Fact]
    public void Only_a_fatal_problem_makes_it_false_and_lesser_ones_are_told()
    {
        Report("acme.warm", Severity.Degraded);
        Assert.Equal(("True", "Degraded"), (Of("AcceleratorHealthy").Status, Of("AcceleratorHealthy").Reason));

        Report("acme.dead", Severity.Fatal, 1);
        var bad = Of("AcceleratorHealthy");

        Assert.Equal(("False", "AcmeDead"), (bad.Status, bad.Reason));
        Assert.Contains($"acme 1 ({TestGpus.Id(1)}): The board fell off the bus (acme.dead).", bad.Message, StringComparison.Ordinal);
        Assert.Equal("True", Of("FabricHealthy").Status);
    }

    [Fact]
    public void Reasons_that_come_and_go_do_not_move_the_time_and_a_problem_that_joins_does_not_change_the_reason()
    {
        Report("acme.b", Severity.Fatal, 0);
        var first = Of("AcceleratorHealthy");
        _time.Advance(TimeSpan.FromMinutes(1));
        Report("acme.a", Severity.Fatal, 1);
        var joined = Of("AcceleratorHealthy");
        Clear("acme.b");
        var left = Of("AcceleratorHealthy");

        Assert.Equal((first.Since, "AcmeB"), (joined.Since, joined.Reason));
        Assert.Equal((first.Since, "AcmeA"), (left.Since, left.Reason));
        _time.Advance(TimeSpan.FromMinutes(1));
        Clear("acme.a", 1);
        Assert.Equal(("True", _time.GetUtcNow()), (Of("AcceleratorHealthy").Status, Of("AcceleratorHealthy").Since));
    }

    [Fact]
    public void An_agent_that_was_restarted_knows_from_the_board_since_when()
    {
        var since = _time.GetUtcNow();
        Report("acme.a", Severity.Fatal);
        _time.Advance(TimeSpan.FromHours(1));

        Assert.Equal(since, Of("AcceleratorHealthy", new ConditionPlan(_time)).Since);

        Clear("acme.a");
        var cleared = _time.GetUtcNow();
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(cleared, Of("AcceleratorHealthy", new ConditionPlan(_time)).Since);
    }

    [Fact]
    public void Nobody_repairs_a_node_because_an_operator_took_the_devices()
    {
        Report(VendorReleases.ProblemId, Severity.Fatal);
        Assert.Equal(("Unknown", "VendorReleased"), (Of("AcceleratorHealthy").Status, Of("AcceleratorHealthy").Reason));
    }

    [Fact]
    public void A_driver_that_does_not_answer_is_unknown_not_well()
    {
        _inventory.Publish(new VendorInventory { Vendor = "acme", State = VendorState.Unavailable, Reason = "the driver is not loaded" });
        Assert.Equal("Unknown", Of("AcceleratorHealthy").Status);
        Assert.Equal("True", Of("KernelHealthy").Status);
    }

    [Fact]
    public void A_message_is_bounded_however_many_stand()
    {
        for (var number = 0; number < 500; number++)
            Report($"acme.very-long-name-of-a-fault-number-{number}", Severity.Fatal, number % 8);

        var message = Of("AcceleratorHealthy").Message;

        Assert.InRange(Encoding.UTF8.GetByteCount(message), 100, 1024);
    }
}
