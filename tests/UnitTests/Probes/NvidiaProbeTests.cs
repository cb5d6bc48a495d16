using AIInfra.Core.Health;
using AIInfra.Core.Health.Probes;
using AIInfra.Core.Sampling;
using AIInfra.Testing;
using AIInfra.Vendors.Nvidia;
using AIInfra.Vendors.Nvidia.Probes;

namespace AIInfra.UnitTests.Probes;

public sealed class NvidiaProbeTests
{
    [Theory]
    [InlineData("570.86.10", 0)]
    [InlineData("575.51.03", 1)]
    public async Task Libraries_of_another_version_than_the_driver_are_told(string library, int problems)
    {
        using var host = new ProbedHost(NvidiaDriverProbe.Definition);
        Assert.Equal("the NVIDIA driver is not loaded", (await host.LookAsync()).NotHere);
        host.Write("sys/module/nvidia/version", "570.86.10\n");
        Assert.NotNull((await host.LookAsync()).NotHere);
        host.Write($"usr/lib/x86_64-linux-gnu/libnvidia-ml.so.{library}");
        host.Link("usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1", $"/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.{library}");

        Assert.Equal(problems, (await host.BadAsync()).Count);
    }

    [Fact]
    public async Task The_driver_of_an_operators_container_is_the_one_that_counts()
    {
        using var host = new ProbedHost(NvidiaDriverProbe.Definition);
        host.Write("sys/module/nvidia/version", "570.86.10\n");
        host.Write("usr/lib64/libnvidia-ml.so.535.1.2");
        host.Link("usr/lib64/libnvidia-ml.so.1", "libnvidia-ml.so.535.1.2");
        host.Write("run/nvidia/driver/usr/lib64/libnvidia-ml.so.570.86.10");
        host.Link("run/nvidia/driver/usr/lib64/libnvidia-ml.so.1", "libnvidia-ml.so.570.86.10");

        Assert.Empty(await host.BadAsync());
    }

    [Fact]
    public async Task Missing_nodes_and_missing_links_by_number_are_told_apart()
    {
        using var host = new ProbedHost(NvidiaNodeProbe.Definition);
        Assert.NotNull((await host.LookAsync()).NotHere);
        host.Inventory.Publish(TestGpus.Inventory([TestGpus.Switched(1)[0] with { PciAddress = "0000:3b:00.0" }]));
        host.Write("proc/driver/nvidia/gpus/0000:3b:00.0/information", "Model: \t\t NVIDIA H100\nDevice Minor: \t 3\n");
        host.Write("dev/nvidiactl");
        Directory.CreateDirectory(host.Combine("run/systemd/system"));
        host.Link("dev/char/195:255", "../nvidiactl");

        Assert.Equal([$"nvidia.node-missing on device {TestGpus.Id(0)}"], await host.BadAsync());

        host.Write("dev/nvidia3");
        var link = Assert.Single((await host.LookAsync()).Results, result => result.Answer == ProbeAnswer.Problem);
        Assert.Equal(("nvidia.char-link-missing", Severity.Info), (link.ProblemId, link.Severity));
        Assert.Contains("195:3 -> ../nvidia3", link.Evidence, StringComparison.Ordinal);

        host.Link("dev/char/195:3", "../nvidia3");
        Assert.Empty(await host.BadAsync());
    }

    [Fact]
    public async Task The_fabric_manager_must_run_where_switches_are_and_others_where_they_are_enabled()
    {
        using var host = new ProbedHost(NvidiaServiceProbe.Definition);
        host.Write("usr/lib/systemd/system/nvidia-fabricmanager.service");
        host.Write("usr/lib/systemd/system/nvidia-dcgm.service");
        Assert.NotNull((await host.LookAsync()).NotHere);

        host.Write("sys/bus/pci/devices/0000:05:00.0/vendor", "0x10de\n");
        host.Write("sys/bus/pci/devices/0000:05:00.0/class", "0x068000\n");
        host.Link("etc/systemd/system/multi-user.target.wants/nvidia-persistenced.service", "/usr/lib/systemd/system/nvidia-persistenced.service");
        Assert.All((await host.LookAsync()).Results, result => Assert.Equal(ProbeAnswer.Unknown, result.Answer)); // no control groups to be seen

        host.Write("sys/fs/cgroup/system.slice/nvidia-persistenced.service/cgroup.procs", "812\n");
        Assert.Equal(["nvidia.service-down on unit nvidia-fabricmanager"], await host.BadAsync());

        host.Write("sys/fs/cgroup/system.slice/nvidia-fabricmanager.service/cgroup.procs", "900\n");
        Assert.Empty(await host.BadAsync());
    }

    [Fact]
    public async Task Growing_errors_of_a_link_are_told_with_the_link()
    {
        using var host = new ProbedHost(NvidiaLinkErrorProbe.Definition);
        Assert.NotNull((await host.LookAsync()).NotHere);

        async Task<IReadOnlyList<ProbeResult>> AfterAMinuteAsync(double errors)
        {
            host.Time.Advance(TimeSpan.FromMinutes(1));
            var readings = new Reading[NvidiaFields.Table.Count];
            readings[NvidiaFields.Table[NvidiaLinkErrors.OfLink(4)]] = Reading.Of(errors);
            host.Samples.Publish(new VendorSample(NvidiaFields.Table, [new DeviceSample("GPU-1", readings, host.Time.GetTimestamp())]));
            return (await host.LookAsync()).Results;
        }

        Assert.Equal(ProbeAnswer.Unknown, Assert.Single(await AfterAMinuteAsync(5_000_000)).Answer); // counted before: no fault of today
        Assert.Equal(ProbeAnswer.Healthy, Assert.Single(await AfterAMinuteAsync(5_000_010)).Answer);
        Assert.Contains("link 4: +11", Assert.Single(await AfterAMinuteAsync(5_000_021)).Evidence, StringComparison.Ordinal);
        Assert.Equal(ProbeAnswer.Healthy, Assert.Single(await AfterAMinuteAsync(2)).Answer); // the driver was loaded anew
        Assert.Equal(ProbeAnswer.Unknown, Assert.Single((await host.LookAsync()).Results).Answer); // no newer reading
    }
}
