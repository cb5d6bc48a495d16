using System.Diagnostics;

namespace AIInfra.EndToEndTests.Installed;

/// <summary>The whole story once, with the packages that are shipped: installed, a fault comes, an alert goes out, the aggregator permits, the agent mends, the page
/// shows it, and after the packages are removed nothing of it is left. <c>make e2e</c> runs it alone.</summary>
[Collection(BootedSystem.Collection)]
public sealed class FromFaultToServiceTests(BootedSystem system)
{
    private const string Problem = "nvidia.xid.95", Alert = "AcceleratorXidFatal";
    private const int Gpu = 1;

    private readonly Stopwatch _clock = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_fault_is_told_permitted_mended_and_shown_and_the_removed_packages_leave_nothing()
    {
        var machine = system.Machine;
        await InstalledFiles.ClearAsync(machine);
        var before = await InstalledFiles.TraceAsync(machine);

        await using (var fleet = await InstalledFleet.StartAsync(machine))
        {
            _clock.Restart();
            await machine.RunAsync("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "--no-install-recommends",
                InstalledFiles.Package("aiinfra-agent"), InstalledFiles.Package("aiinfra-aggregator"), InstalledFiles.Package("aiinfra-simulators"));
            Say("three packages installed");
            await fleet.ConfigureAsync();
            await ServesAsync(fleet);
            await FaultAsync(fleet);
            await machine.RunAsync("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "purge", "-y", "aiinfra-agent", "aiinfra-aggregator", "aiinfra-simulators");
            await machine.RunAsync("rm", "-rf", "/etc/systemd/system/aiinfra-agent.service.d", "/etc/aiinfra"); // what the operator wrote
            await machine.RunAsync("systemctl", "daemon-reload");
        }

        Assert.Equal([], (await InstalledFiles.TraceAsync(machine)).Except(before).Order());
    }

    /// <summary>Devices are offered, the node is well, the fleet knows it, and no alert stands.</summary>
    private async Task ServesAsync(InstalledFleet fleet)
    {
        await ListedAsync(fleet, healthy: 4);
        Say("configured, and four GPUs offered to the kubelet");
        await fleet.UntilAsync(async () => await fleet.ConditionAsync("AcceleratorHealthy") == "True");
        await fleet.UntilAsync(async () => (await fleet.FleetAsync($"nodes/{InstalledFleet.Node}")).GetProperty("devices").GetArrayLength() == 4);
        var reset = await fleet.ResetFileAsync(Gpu);
        await File.WriteAllTextAsync(reset, "", Stop);
        await fleet.UntilAsync(async () => !(await fleet.AgentAsync("actions")).GetProperty("remediation").TryGetProperty("held", out _)); // its view is complete
        await fleet.UntilAsync(async () => !(await fleet.AlertsAsync()).Contains(Alert));
        Say("known to API server and aggregator, ready to mend");
    }

    private async Task FaultAsync(InstalledFleet fleet)
    {
        await using var open = await fleet.Browser.OpenAsync("dark", "en-GB", 1280, 800, fleet.ViewerToken);
        await open.Page.GotoAsync("https://127.0.0.1:9443/#/");
        await open.UntilAsync("node => document.querySelector(`[data-node=\"${node}\"]`)", InstalledFleet.Node);
        var reset = await fleet.ResetFileAsync(Gpu);

        _clock.Restart();
        await fleet.InjectAsync($"gpu {Gpu} xid 95");
        await ListedAsync(fleet, healthy: 3);
        Say("fault: the kubelet was told");
        await open.UntilAsync("problem => document.querySelector('.now').textContent.includes(problem)", Problem);
        await open.PictureAsync("e2e-fault");
        Say("fault: the page shows it");
        await fleet.UntilAsync(async () => await fleet.ConditionAsync("AcceleratorHealthy") == "False");
        Say("fault: the condition stands at the API server");
        await fleet.UntilAsync(async () => (await fleet.AlertsAsync()).Contains(Alert));
        Say("fault: Alertmanager has the alert");

        await fleet.UntilAsync(async () => await File.ReadAllTextAsync(reset, Stop) == "1", TimeSpan.FromMinutes(2));
        Say("fault: permitted, and the reset asked of the kernel");
        Assert.Contains((await fleet.FleetAsync("audit")).GetProperty("items").EnumerateArray(), entry => entry.ToString().Contains("grant.given", StringComparison.Ordinal)
            && entry.ToString().Contains(InstalledFleet.Node, StringComparison.Ordinal));
        await fleet.InjectAsync($"gpu {Gpu} reset"); // what the kernel does then

        await ListedAsync(fleet, healthy: 4);
        await fleet.UntilAsync(async () => await fleet.ConditionAsync("AcceleratorHealthy") == "True");
        Say("FAULT TO NODE BACK IN SERVICE (budget 120 s)");
        await fleet.UntilAsync(async () => (await fleet.AgentAsync("actions")).GetProperty("steps").EnumerateArray().Any(step =>
            step.GetProperty("action").GetString() == "reset-pci" && step.TryGetProperty("helped", out var helped) && helped.GetBoolean()), TimeSpan.FromMinutes(2));
        Say("verified");
        await fleet.UntilAsync(async () => !(await fleet.AlertsAsync()).Contains(Alert), TimeSpan.FromMinutes(2));
        await open.GoAsync($"#/node/{InstalledFleet.Node}");
        await open.UntilAsync("() => document.querySelector('main').textContent.includes('reset-pci') && !document.querySelector('.problem.fatal')");
        await open.PictureAsync("e2e-mended");
        Assert.Empty(open.Complaints);
        Say("the alert is over, and the page shows the step");
    }

    private static async Task ListedAsync(InstalledFleet fleet, int healthy)
    {
        while (true)
        {
            using var list = System.Text.Json.JsonDocument.Parse("{\"event\":\"list\"" + await fleet.Kubelet.WaitForLineAsync("{\"event\":\"list\"", Stop));
            var devices = list.RootElement.GetProperty("devices").EnumerateArray().ToList();
            if (devices.Count == 4 && devices.Count(device => device.GetProperty("health").GetString() == "Healthy") == healthy)
                return;
        }
    }

    private void Say(string what) => TestContext.Current.TestOutputHelper?.WriteLine($"{_clock.Elapsed.TotalSeconds,7:0.00} s  {what}");
}
