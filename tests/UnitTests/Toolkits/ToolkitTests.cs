using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Metrics;
using AIInfra.Core.Toolkits;
using AIInfra.Testing;
using AIInfra.UnitTests.Metrics;
using AIInfra.Vendors;
using AIInfra.Vendors.Nvidia;
using AIInfra.Vendors.Simulation;

namespace AIInfra.UnitTests.Toolkits;

/// <summary>What a host's files tell of drivers, toolkits and libraries, on trees of a test's own.</summary>
public sealed class ToolkitTests : IDisposable
{
    private readonly DirectoryInfo _host = Directory.CreateTempSubdirectory("aiinfra-toolkits-");
    private readonly SimulatedFiles _files;

    public ToolkitTests() => _files = new SimulatedFiles(_host.FullName);

    public void Dispose() => _host.Delete(recursive: true);

    [Fact]
    public void Every_toolkit_is_found_where_its_installer_puts_it()
    {
        _files.Put("sys/module/nvidia/version", "570.124.06");
        _files.Put("usr/local/cuda-12.4/version.json", """{ "cuda": { "name": "CUDA SDK", "version": "12.4.1" }, "nvcc": { "version": "12.4.131" } }""");
        _files.Put("usr/local/cuda-10.2/version.txt", "CUDA Version 10.2.89");
        _files.Put("usr/include/x86_64-linux-gnu/cudnn_version_v9.h", "#ifndef CUDNN_VERSION_H_\n#define CUDNN_MAJOR 9\n#define CUDNN_MINOR 1\n#define CUDNN_PATCHLEVEL 0\n");
        _files.Put("usr/lib/x86_64-linux-gnu/libnvidia-container.so.1.17.4", "\u007fELF");
        _files.Put("sys/module/amdgpu/version", "6.10.5");
        _files.Put("opt/rocm-6.2.4/.info/version", "6.2.4-139");
        _files.Put("usr/local/Ascend/driver/version.info", "Version=25.0.rc1\nascendhal_version=7.35.19\n");
        _files.Put("usr/local/Ascend/ascend-toolkit/8.0.RC1/aarch64-linux/ascend_toolkit_install.info", "package_name=Ascend-cann-toolkit\nversion=8.0.RC1\ninnerversion=V100R001C17\n");
        _files.Put("usr/local/neuware/version.txt", "Neuware Version 3.9.0");

        Assert.Equal(
        [
            "amdgpu-driver 6.10.5 /sys/module/amdgpu/version", "ascend-driver 25.0.rc1 /usr/local/Ascend/driver/version.info",
            "cann 8.0.RC1 /usr/local/Ascend/ascend-toolkit/8.0.RC1/aarch64-linux/ascend_toolkit_install.info",
            "cuda 12.4.1 /usr/local/cuda-12.4/version.json", "cuda 10.2.89 /usr/local/cuda-10.2/version.txt", "cudnn 9.1.0 /usr/include/x86_64-linux-gnu/cudnn_version_v9.h",
            "neuware 3.9.0 /usr/local/neuware/version.txt", "nvidia-container 1.17.4 /usr/lib/x86_64-linux-gnu/libnvidia-container.so.1.17.4",
            "nvidia-driver 570.124.06 /sys/module/nvidia/version", "rocm 6.2.4-139 /opt/rocm-6.2.4/.info/version",
        ], Read().Select(toolkit => $"{toolkit.Name} {toolkit.Version} {toolkit.Path}"));
    }

    [Fact]
    public void Links_stay_below_the_hosts_root_and_lead_to_one_toolkit_once()
    {
        _files.Put("usr/local/cuda-12.4/version.json", """{ "cuda": { "version": "12.4.1" } }""");
        _files.Link("usr/local/cuda", "/etc/alternatives/cuda"); // absolute, as the installer makes it
        _files.Link("etc/alternatives/cuda", "/usr/local/cuda-12.4");
        _files.Put("usr/lib64/libcudnn.so.9.3.0", "");
        _files.Link("usr/lib64/libcudnn.so.9", "libcudnn.so.9.3.0");
        _files.Link("usr/lib64/libcudnn.so", "libcudnn.so.9");

        Assert.Equal(["cuda 12.4.1 /usr/local/cuda-12.4/version.json", "cudnn 9.3.0 /usr/lib64/libcudnn.so.9.3.0"], Read().Select(toolkit => $"{toolkit.Name} {toolkit.Version} {toolkit.Path}"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("""{ "cuda": "12" }""")]
    [InlineData("""{ "cuda": { "version": 12 } }""")]
    [InlineData("""{ "cuda": { "version": "\u001b[2J" } }""")]
    [InlineData("""{ "cuda": { "version": "v12" } }""")]
    [InlineData("[1]")]
    public void A_file_that_says_no_version_is_passed_over(string json)
    {
        _files.Put("usr/local/cuda/version.json", json);
        _files.Put("usr/local/cuda-9/version.txt", "no number in it");
        _files.Put("opt/rocm/.info/version/a-folder", "1");
        _files.Put("usr/local/Ascend/driver/version.info", "Version=\n");
        _files.Link("usr/local/neuware", "neuware"); // a link to itself

        Assert.Empty(Read());
    }

    [Fact]
    public void What_stands_behind_a_version_is_cut_off_and_a_long_one_is_none()
    {
        _files.Put("opt/rocm/.info/version", "6.2.4\u001b[31m<script>");
        _files.Put("opt/rocm-7/.info/version", new string('7', 5000));
        _files.Put("usr/local/neuware/version.txt", new string('x', 100_000) + " 3.9.0"); // beyond what is read

        Assert.Equal(["6.2.4"], Read().Select(toolkit => toolkit.Version));
    }

    [Theory]
    [InlineData("1.10", "1.9")]
    [InlineData("12.4.1", "12.4")]
    [InlineData("6.2.4-139", "6.2.4-65")]
    [InlineData("8.0.RC2", "8.0.RC1")]
    [InlineData("10", "9.9.9")]
    public void Versions_are_compared_by_their_numbers(string higher, string lower)
    {
        Assert.True(ToolkitVersions.ByHeight.Compare(higher, lower) > 0);
        Assert.True(ToolkitVersions.ByHeight.Compare(lower, higher) < 0);
        Assert.Equal(0, ToolkitVersions.ByHeight.Compare(higher, higher));
    }

    [Fact]
    public void The_page_and_the_labels_say_it_and_the_label_the_highest()
    {
        _files.Put("usr/local/cuda-12.4/version.json", """{ "cuda": { "version": "12.4.1" } }""");
        _files.Put("usr/local/cuda-11.8/version.json", """{ "cuda": { "version": "11.8.0" } }""");
        var board = new ToolkitBoard();
        board.Publish(Read());
        var time = new ManualTime();
        using var health = new HealthBoard(time, "boot", []);
        using var page = new MetricsPage(new MetricsSources(new InventoryBoard(), new Core.Sampling.SampleBoard(), health, new WorkerBoard(), Rows: [new ToolkitRows(board)]),
            new MetricsPageOptions { Profiles = [], Hostname = "node-1", Version = "1" }, time);
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        page.Render(output);

        Assert.Equal(1, PageReader.Read(output.WrittenSpan.ToArray()).Samples["aiinfra_agent_toolkit_info{toolkit=\"cuda\",version=\"11.8.0\",path=\"/usr/local/cuda-11.8/version.json\"}"]);
        Assert.Equal("aiinfra.io/toolkit.cuda=12.4.1", string.Join(' ', new ToolkitLabels(board).Make().Select(label => $"{label.Key}={label.Value}")));

        var before = board.Current.Value;
        board.Publish(Read());
        Assert.Same(before, board.Current.Value);
    }

    [Theory]
    [InlineData("12.4", "13.0.1", true)]
    [InlineData("12.4", "12.9.0", false)] // a minor version later: the driver runs it
    [InlineData("12.4", "11.8.0", false)]
    [InlineData("12.4", "13.0.1 12.2.0", false)] // one of them fits
    [InlineData("12.4", "", false)]
    [InlineData("?", "13.0.1", false)]
    public void A_driver_that_is_too_old_for_every_CUDA_on_the_disk_is_a_problem(string driver, string installed, bool isBad)
    {
        using var health = new HealthBoard(new ManualTime(), "boot", []);
        var inventory = new NodeInventory([new VendorInventory { Vendor = "nvidia", State = VendorState.Ready, Devices = [Board(driver)] }]);
        ImmutableArray<Toolkit> toolkits = [.. installed.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(version => new Toolkit("cuda", version, "/usr/local/cuda/version.json"))];
        var rules = new NvidiaToolkitRules();

        rules.OnFound(toolkits, inventory, DateTimeOffset.UnixEpoch, health);
        rules.OnFound(toolkits, inventory, DateTimeOffset.UnixEpoch, health);
        Assert.Equal(isBad ? ["nvidia.cuda-too-new 1"] : [], health.Current.Value.Problems.Select(problem => $"{problem.Id} {problem.Count}"));

        rules.OnFound([], inventory, DateTimeOffset.UnixEpoch, health);
        Assert.Empty(health.Current.Value.Problems);
    }

    [Fact]
    public async Task The_worker_looks_at_the_start_and_every_ten_minutes_and_judges_anew_when_devices_come()
    {
        _files.Put("usr/local/cuda-13/version.json", """{ "cuda": { "version": "13.0.1" } }""");
        var (board, inventory, time) = (new ToolkitBoard(), new InventoryBoard(), new ManualTime());
        using var health = new HealthBoard(time, "boot", []);
        using var stop = new CancellationTokenSource();
        var running = new ToolkitWorker(Reader, board, inventory, health, [new NvidiaToolkitRules()], time).RunAsync(stop.Token);
        var patience = TestContext.Current.CancellationToken;
        while (board.Current.Value.All.IsEmpty)
            await Task.Delay(5, patience);
        Assert.Empty(health.Current.Value.Problems);

        var seen = health.Current.Value;
        inventory.Publish(new VendorInventory { Vendor = "nvidia", State = VendorState.Ready, Devices = [Board("12.4")] });
        await health.Current.WaitForChangeAsync(seen, patience).WaitAsync(TimeSpan.FromSeconds(30), patience);
        Assert.Equal("nvidia.cuda-too-new", Assert.Single(health.Current.Value.Problems).Id);

        _files.Put("usr/local/cuda-12/version.json", """{ "cuda": { "version": "12.2.0" } }""");
        seen = health.Current.Value;
        await time.WhenWaitingAsync();
        time.Advance(TimeSpan.FromMinutes(10));
        await health.Current.WaitForChangeAsync(seen, patience).WaitAsync(TimeSpan.FromSeconds(30), patience);
        Assert.Empty(health.Current.Value.Problems);
        Assert.Equal(2, board.Current.Value.All.Length);

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private static Device Board(string cuda) => new()
    {
        Id = "GPU-0",
        Vendor = "nvidia",
        Model = "H100",
        ResourceName = "nvidia.com/gpu",
        Traits = ImmutableSortedDictionary<string, string>.Empty.Add(NvidiaTraits.Cuda, cuda),
    };

    private ToolkitReader Reader => new(new HostPaths { Root = _host.FullName }, VendorToolkits.Sources);

    private ImmutableArray<Toolkit> Read() => Reader.Read();
}
