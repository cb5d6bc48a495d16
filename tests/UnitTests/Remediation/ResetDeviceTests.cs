using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Actions;
using AIInfra.Core.Sharing;
using AIInfra.Core.VendorHost;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Remediation;

/// <summary>A reset through files of a simulated /sys: who stands in the way, and what is written when nobody does.</summary>
public sealed class ResetDeviceTests : IDisposable
{
    private const string Address = "0000:3b:00.0";

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("reset-");
    private readonly InventoryBoard _inventory = new();
    private readonly PodResourcesBoard _pods = new();
    private readonly ManualTime _time = new(DateTimeOffset.UnixEpoch);
    private readonly HealthBoard _health;
    private readonly VendorReleases _releases;
    private readonly OfferBoard _offers;
    private readonly HostSystem _system;
    private readonly HostPaths _host;
    private ImmutableArray<string> _kubelets = [];

    public ResetDeviceTests()
    {
        _host = new HostPaths { Root = _root.FullName };
        _health = new HealthBoard(_time, "boot-a", []);
        _releases = new VendorReleases(_time, []);
        _offers = new OfferBoard(_inventory, [], new RecordedLog<OfferBoard>());
        _system = new HostSystem(_host, TimeProvider.System);
        foreach (var folder in (string[])["proc", "dev", "run", $"sys/bus/pci/devices/{Address}"])
            Directory.CreateDirectory(Combine(folder));
        foreach (var file in (string[])["reset", "remove", "../../rescan"])
            File.WriteAllText(Combine($"sys/bus/pci/devices/{Address}/{file}"), "");
        var boards = TestGpus.Switched(2);
        _inventory.Publish(TestGpus.Inventory([boards[0] with { PciAddress = Address, NodeName = "acme0", DeviceNodes = ["acme0", "acmectl"] }, boards[1] with { NodeName = "acme1", DeviceNodes = ["acme1", "acmectl"] }]));
        _offers.Refresh();
    }

    public void Dispose()
    {
        _system.Dispose();
        _health.Dispose();
        _root.Delete(recursive: true);
    }

    private string Combine(string path) => Path.Combine(_root.FullName, path);

    private string Written(string file) => File.ReadAllText(Combine($"sys/bus/pci/devices/{Address}/{file}"));

    private ResetDevice Action(string name = "reset-pci") => new(name, name == "reset-pci"
            ? (_, device, inventory) => PciResets.Reset(device, inventory, _host.Sys) : (_, device, _) => PciResets.Rescan(device),
        null, _system, new HostHands(_host, isUnderTest: true), new ResetBoards(_inventory, _health, _pods, _offers, _releases, _kubelets), _time);

    private static ActionStep Step(string? device = null) => new()
    {
        Id = "step-1",
        Operation = "operation-1",
        Action = "reset-pci",
        Arguments = [],
        Subject = Subject.Device(device ?? TestGpus.Id(0)),
        ProblemId = "test.problem",
        Deadline = TimeSpan.FromMinutes(5),
        BootId = "boot-a",
    };

    private void Open(int process, string name, string node)
    {
        Directory.CreateDirectory(Combine($"proc/{process}/fd"));
        File.WriteAllText(Combine($"proc/{process}/comm"), name + "\n");
        File.CreateSymbolicLink(Combine($"proc/{process}/fd/3"), node);
    }

    private async Task<ActionResult> RunAsync(ResetDevice action)
    {
        var preparation = await action.PrepareAsync(Step(), TestContext.Current.CancellationToken);
        if (preparation.WhyNot is { } why)
            return ActionResult.NotPossible(why);
        var running = action.RunAsync(Step() with { Proof = preparation.Proof, ResetGroup = preparation.ResetGroup }, TestContext.Current.CancellationToken);
        for (var turn = 0; !running.IsCompleted && turn < 1000; turn++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(running, Task.Delay(5, TestContext.Current.CancellationToken));
        }
        return await running;
    }

    [Fact]
    public async Task A_free_device_is_reset_and_its_problems_are_told()
    {
        _health.Report(new ProblemReport
        {
            Id = "acme.fault",
            Subject = Subject.Device(TestGpus.Id(0)),
            Severity = Severity.Fatal,
            Cause = Cause.Hardware,
            Action = SuggestedAction.ResetDevice,
            Clearing = Clearing.OnReset,
            Message = "It is broken.",
            Evidence = "line",
            At = DateTimeOffset.UnixEpoch,
            FlapWindow = TimeSpan.Zero,
        });
        Open(200, "train", "/dev/acme1"); // beside it
        Open(201, "monitor", "/dev/acmectl"); // what all devices share

        var result = await RunAsync(Action());

        Assert.Equal((ActionOutcome.Done, "1"), (result.Outcome, Written("reset")));
        Assert.Empty(_health.Current.Value.Problems);
    }

    [Fact]
    public async Task A_rescan_takes_it_from_the_bus_and_looks_anew()
    {
        var result = await RunAsync(Action("rescan-pci"));

        Assert.Equal((ActionOutcome.Done, "1", "1", ""), (result.Outcome, Written("remove"), Written("../../rescan"), Written("reset")));
    }

    [Fact]
    public async Task A_process_that_has_it_open_is_named_and_nothing_is_written()
    {
        Open(200, "train.py", "/dev/acme0");

        var result = await RunAsync(Action());

        Assert.Equal((ActionOutcome.NotPossible, "In use by train.py (process 200: /dev/acme0).", ""), (result.Outcome, result.Says, Written("reset")));
    }

    [Fact]
    public async Task A_pod_on_it_stands_in_the_way_and_so_does_not_knowing()
    {
        _kubelets = [_root.FullName];

        var unknown = await RunAsync(Action());
        _pods.Publish("kubelet", PodResourcesSnapshot.Of(DateTimeOffset.UnixEpoch, [new HeldUnit(TestGpus.Resource, TestGpus.Id(0), new PodHolder("ml", "train-0", "main"))], [("ml", "train-0")], []));
        var held = await RunAsync(Action());
        var prepared = await Action().PrepareAsync(Step(), TestContext.Current.CancellationToken);
        _pods.Publish("kubelet", PodResourcesSnapshot.Of(DateTimeOffset.UnixEpoch, [new HeldUnit(TestGpus.Resource, TestGpus.Id(1), new PodHolder("ml", "train-1", "main"))], [("ml", "train-1")], []));
        var free = await RunAsync(Action());

        Assert.Equal((ActionOutcome.NotPossible, "Who holds the devices is not known: No kubelet was asked yet."), (unknown.Outcome, unknown.Says));
        Assert.Equal((ActionOutcome.NotPossible, "Pods hold what would be reset: ml/train-0/main."), (held.Outcome, held.Says));
        Assert.Contains("ml/train-0/main", prepared.Victims); // the drain comes after the look
        Assert.Equal(ActionOutcome.Done, free.Outcome);
    }

    [Fact]
    public async Task A_vendor_that_an_operator_has_released_is_left_alone()
    {
        var releases = new VendorReleases(_time, [new VendorRelease(TestGpus.Vendor, DateTimeOffset.UnixEpoch)]);
        var action = new ResetDevice("reset-pci", (_, device, inventory) => PciResets.Reset(device, inventory, _host.Sys), null, _system, new HostHands(_host, isUnderTest: true),
            new ResetBoards(_inventory, _health, _pods, _offers, releases, []), _time);

        Assert.Contains("released by an operator", (await RunAsync(action)).Says, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_device_without_such_a_reset_an_unknown_one_and_a_changed_group_are_not_possible()
    {
        var changed = await Action().RunAsync(Step() with { ResetGroup = [TestGpus.Id(0), TestGpus.Id(1)] }, TestContext.Current.CancellationToken);
        var none = await Action().PrepareAsync(Step(TestGpus.Id(1)), TestContext.Current.CancellationToken);
        var unknown = await Action().PrepareAsync(Step("GPU-9"), TestContext.Current.CancellationToken);
        File.Delete(Combine($"sys/bus/pci/devices/{Address}/reset"));
        var noFile = await Action().PrepareAsync(Step(), TestContext.Current.CancellationToken);

        Assert.Contains("has changed since it was planned", changed.Says, StringComparison.Ordinal);
        Assert.Contains("is on no PCI bus", none.WhyNot, StringComparison.Ordinal);
        Assert.Contains("is no device that is known here", unknown.WhyNot, StringComparison.Ordinal);
        Assert.Contains("the kernel offers no such reset", noFile.WhyNot, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_taken_from_the_bus_and_found_anew_is_proved_by_its_number()
    {
        var folder = Combine($"sys/bus/pci/devices/{Address}");
        var step = Step() with { Proof = (await Action("rescan-pci").PrepareAsync(Step(), TestContext.Current.CancellationToken)).Proof };
        Assert.Equal(ProofKind.KernelObject, step.Proof.Kind);
        Assert.Equal(ActionOutcome.Failed, (await Action("rescan-pci").ResolveAsync(step, TestContext.Current.CancellationToken)).Outcome); // not begun

        Directory.Move(folder, folder + ".old");
        Assert.Contains("not back on it", (await Action("rescan-pci").ResolveAsync(step, TestContext.Current.CancellationToken)).Says, StringComparison.Ordinal);

        Directory.CreateDirectory(folder); // while the other one is there: another number
        Assert.Equal(ActionOutcome.Done, (await Action("rescan-pci").ResolveAsync(step, TestContext.Current.CancellationToken)).Outcome);
    }

    [Fact]
    public async Task After_a_crash_a_write_to_the_kernel_is_unknown()
    {
        Assert.Equal(ActionOutcome.Unknown, (await Action().ResolveAsync(Step(), TestContext.Current.CancellationToken)).Outcome);
        Assert.Equal("", Written("reset"));
    }
}
