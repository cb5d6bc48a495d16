using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Linux.Uevents;

namespace AIInfra.UnitTests.Devices;

public sealed class WedgeWatchTests
{
    private const string Path = "/devices/pci0000:00/0000:00:01.0/0000:03:00.0/drm/card0";

    private static readonly NodeInventory Node = new([new VendorInventory
    {
        Vendor = "intel",
        State = VendorState.Ready,
        Devices = [new Device { Id = "gpu-3", Vendor = "intel", Model = "GPU", ResourceName = "gpu.intel.com/xe", PciAddress = "0000:03:00.0" }],
    }]);

    private static ProblemReport? Judge(string ways, string path = Path, string action = "change", string subsystem = "drm") => WedgeWatch.Judge(
        new Uevent(action, path, new Dictionary<string, string> { ["SUBSYSTEM"] = subsystem, ["WEDGED"] = ways, ["PID"] = "4242", ["TASK"] = "python3" }), Node);

    [Theory]
    [InlineData("rebind,bus-reset", SuggestedAction.ResetDevice)]
    [InlineData("bus-reset", SuggestedAction.ResetDevice)]
    [InlineData("unknown", SuggestedAction.Reboot)]
    [InlineData("vendor-specific", SuggestedAction.Reboot)]
    public void A_GPU_that_its_driver_gave_up_is_taken_out(string ways, SuggestedAction action)
    {
        var report = Judge(ways)!;

        Assert.Equal((WedgeWatch.WedgedId, Subject.Device("gpu-3"), Severity.Fatal, action), (report.Id, report.Subject, report.Severity, report.Action));
        Assert.Equal($"WEDGED={ways} PID=4242 TASK=python3", report.Evidence);
    }

    [Fact]
    public void A_hang_that_the_driver_recovered_from_is_the_program_s_matter() =>
        Assert.Equal((WedgeWatch.RecoveredId, Severity.Degraded, SuggestedAction.TellPod), (Judge("none")!.Id, Judge("none")!.Severity, Judge("none")!.Action));

    [Fact]
    public void Other_events_and_other_devices_say_nothing()
    {
        Assert.Null(Judge("rebind", path: "/devices/pci0000:00/0000:04:00.0/drm/card1"));
        Assert.Null(Judge("rebind", path: "/devices/virtual/drm/card1"));
        Assert.Null(Judge("rebind", action: "add"));
        Assert.Null(Judge("rebind", subsystem: "pci"));
        Assert.Null(Judge(""));
    }
}
