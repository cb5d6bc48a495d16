using System.Buffers;
using System.Collections.Immutable;
using System.Diagnostics;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Metrics;
using AIInfra.Core.Sampling;
using AIInfra.Testing;
using AIInfra.Vendors.Amd;
using AIInfra.Vendors.Amd.Metrics;
using AIInfra.Vendors.Generic;
using AIInfra.Vendors.Intel;
using AIInfra.Vendors.Intel.Metrics;
using AIInfra.Vendors.Nvidia;
using AIInfra.Vendors.Nvidia.Metrics;
using AIInfra.Vendors.Rdma;
using AIInfra.Vendors.Rdma.Metrics;

namespace AIInfra.FunctionalTests.Metrics;

/// <summary>The page, read by Prometheus' own parser and linter.</summary>
public sealed class PromToolTests
{
    private static readonly string Folder = RepositoryRoot.Combine("tests", "FunctionalTests", "Metrics", "testdata");

    [Fact]
    public async Task The_agents_own_metrics_are_clean()
    {
        var (exitCode, findings) = await CheckAsync(Page(profiles: []));

        Assert.Empty(findings);
        Assert.Equal(0, exitCode);
    }

    [Fact]
    public async Task The_neutral_names_are_clean()
    {
        var page = Page(Profiles("neutral"));
        var (exitCode, findings) = await CheckAsync(page);

        Assert.Empty(findings);
        Assert.Equal(0, exitCode);
        Assert.Contains("hw_gpu_fault_events_total{", System.Text.Encoding.UTF8.GetString(page), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dcgm", "dcgm-findings.txt")]
    [InlineData("dcgm-4.9", "dcgm-4.9-findings.txt")]
    [InlineData("native", "native-findings.txt")]
    public async Task Of_other_exporters_names_nothing_is_found_but_what_those_names_are(string profile, string file)
    {
        var allowed = Path.Combine(Folder, file);
        var (_, findings) = await CheckAsync(Page(Profiles(profile)));

        if (Environment.GetEnvironmentVariable("AIINFRA_UPDATE_DOCS") == "1")
            await File.WriteAllLinesAsync(allowed, findings, TestContext.Current.CancellationToken);
        Assert.Equal(await File.ReadAllLinesAsync(allowed, TestContext.Current.CancellationToken), findings);
    }

    [Fact]
    public async Task The_neutral_names_of_vendors_without_library_are_clean()
    {
        var (exitCode, findings) = await CheckAsync(FilePage("neutral"));

        Assert.Empty(findings);
        Assert.Equal(0, exitCode);
    }

    [Fact]
    public async Task Of_the_native_names_of_vendors_without_library_nothing_is_found_but_what_those_names_are()
    {
        var allowed = Path.Combine(Folder, "native-files-findings.txt");
        var (_, findings) = await CheckAsync(FilePage("native"));

        if (Environment.GetEnvironmentVariable("AIINFRA_UPDATE_DOCS") == "1")
            await File.WriteAllLinesAsync(allowed, findings, TestContext.Current.CancellationToken);
        Assert.Equal(await File.ReadAllLinesAsync(allowed, TestContext.Current.CancellationToken), findings);
    }

    [Fact]
    public async Task A_page_that_is_not_well_formed_is_found()
    {
        var (exitCode, _) = await CheckAsync("# TYPE a gauge\na{b=\"c} 1\n"u8.ToArray());

        Assert.NotEqual(0, exitCode);
    }

    private static ImmutableArray<MetricProfile> Profiles(params string[] names) =>
        [.. NvidiaProfiles.All(new NvidiaCounts(TimeSpan.FromMinutes(5), TimeProvider.System), TimeProvider.System, null).Where(profile => names.Contains(profile.Name))];

    private static byte[] Page(ImmutableArray<MetricProfile> profiles)
    {
        var time = new ManualTime();
        var sources = new MetricsSources(new InventoryBoard(), new SampleBoard(), new HealthBoard(time, "boot", []), new WorkerBoard());
        using var page = new MetricsPage(sources, new MetricsPageOptions { Profiles = profiles, Hostname = "node-1", Version = "1.2.3" }, time);
        var devices = ImmutableArray.Create(Device(0, "NVIDIA H100 80GB HBM3"), Device(1, "a \"hostile\" \\ name\nwith lines"));
        sources.Inventory.Publish(new VendorInventory { Vendor = "nvidia", State = VendorState.Ready, DriverVersion = "570.124.06", Devices = devices });
        var readings = NvidiaFields.Table.Fields.Select((_, place) => Reading.Of(place + 0.5)).ToArray();
        sources.Samples.Publish(new VendorSample(NvidiaFields.Table, [.. devices.Select(device => new DeviceSample(device.Id, readings, time.GetTimestamp()))]));
        sources.Health.Report(new ProblemReport
        {
            Id = "nvidia.xid.79",
            Subject = Subject.Device(devices[0].Id),
            Severity = Severity.Fatal,
            Cause = Cause.Hardware,
            Action = SuggestedAction.Reboot,
            Clearing = Clearing.OnBoot,
            Message = "",
            Evidence = "",
            At = time.GetUtcNow(),
        });
        sources.Workers.NotReady("state", "The disk is full.");
        var output = new ArrayBufferWriter<byte>();
        page.Render(output); // the first one has no duration of an earlier one yet
        output.ResetWrittenCount();
        page.Render(output);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>GPUs of AMD and Intel, a network card and a device of a table, with all readings that they can have.</summary>
    private static byte[] FilePage(string profile)
    {
        var time = new ManualTime();
        using var health = new HealthBoard(time, "boot", []);
        var sources = new MetricsSources(new InventoryBoard(), new SampleBoard(), health, new WorkerBoard());
        ImmutableArray<MetricProfile> all = [.. AmdProfiles.All(), .. IntelProfiles.All(), .. RdmaProfiles.All(), NeutralProfile.Of(GenericFields.Table, [], [])];
        using var page = new MetricsPage(sources, new MetricsPageOptions { Profiles = [.. all.Where(one => one.Name == profile)], Hostname = "node-1", Version = "1.2.3" }, time);
        foreach (var table in new[] { AmdFields.Table, IntelFields.Table, RdmaFields.Table, GenericFields.Table })
        {
            var device = Device(0, "a \"hostile\" \\ name\nwith lines") with { Id = $"{table.Vendor}-0", Vendor = table.Vendor };
            sources.Inventory.Publish(new VendorInventory { Vendor = table.Vendor, State = VendorState.Ready, Devices = [device] });
            sources.Samples.Publish(new VendorSample(table, [new DeviceSample(device.Id, [.. table.Fields.Select((_, place) => Reading.Of(place + 0.5))], time.GetTimestamp())]));
        }
        var output = new ArrayBufferWriter<byte>();
        page.Render(output);
        return output.WrittenSpan.ToArray();
    }

    private static Device Device(int index, string model) => new()
    {
        Id = $"GPU-00000000-0000-0000-0000-00000000000{index}",
        Vendor = "nvidia",
        Model = model,
        ResourceName = "nvidia.com/gpu",
        Index = index,
        NodeName = $"nvidia{index}",
        PciAddress = $"0000:3{index}:00.0",
    };

    /// <returns>The findings in promtool's words, each once, sorted.</returns>
    private static async Task<(int ExitCode, string[] Findings)> CheckAsync(byte[] page)
    {
        var promtool = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, "promtool")).FirstOrDefault(File.Exists);
        Assert.SkipWhen(promtool is null, "promtool is not on the PATH: make test fetches it, or install Debian's package prometheus.");
        using var process = Process.Start(new ProcessStartInfo(promtool, ["check", "metrics"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var errors = process.StandardError.ReadToEndAsync(deadline.Token);
        await process.StandardInput.BaseStream.WriteAsync(page, deadline.Token);
        process.StandardInput.Close();
        await process.WaitForExitAsync(deadline.Token);
        return (process.ExitCode, (await output + await errors).Split('\n', StringSplitOptions.RemoveEmptyEntries).Distinct().Order(StringComparer.Ordinal).ToArray());
    }
}
