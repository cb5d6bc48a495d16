using System.Text.Json;
using AIInfra.Testing;

namespace AIInfra.EndToEndTests;

public sealed class CommandLineTests
{
    private static readonly string[] Updates = ["1", "true"];

    [Fact]
    public async Task Version_prints_the_version_as_text_and_as_json()
    {
        var (status, text) = await AgentProgram.RunAsync("version");
        var (_, json) = await AgentProgram.RunAsync("version", "-o", "json");

        Assert.Equal(0, status);
        Assert.Matches(@"^aiinfra-agent \d+\.\d+\.\d+ \(\.NET 10\.", text);
        Assert.Matches(@"^\d+\.\d+\.\d+$", JsonDocument.Parse(json).RootElement.GetProperty("version").GetString()!);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("run", "--nonsense")]
    [InlineData("status", "-o", "xml")]
    [InlineData("check-config")]
    public async Task Wrong_usage_is_answered_on_standard_error_with_status_64(params string[] arguments)
    {
        var (status, output) = await AgentProgram.RunAsync(arguments);

        Assert.Equal(64, status);
        Assert.StartsWith("stderr: ", output, StringComparison.Ordinal);
        Assert.Contains("aiinfra-agent --help", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("status")]
    [InlineData("devices")]
    [InlineData("problems")]
    public async Task Asking_when_no_daemon_runs_says_so_with_status_69(string command)
    {
        using var folder = new TestFolder();

        var (status, output) = await AgentProgram.RunAsync(command, "--config", folder.WriteConfig(9));

        Assert.Equal(69, status);
        Assert.Contains($"No daemon runs here: {folder.Path}/run/agent.sock does not exist.", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("max1550-4", "intel", 4)]
    [InlineData("mi300x-8", "amd", 8)]
    [InlineData("ib-hdr-8", "rdma", 8)]
    [InlineData("dgx-h100", "nvidia", 8)] // of a simulated library
    public async Task Devices_of_a_simulated_node_are_printed_without_a_daemon(string node, string vendor, int count)
    {
        var (status, output) = await AgentProgram.RunAsync("devices", "--simulate", node, "-o", "json");

        Assert.Equal(0, status);
        Assert.Equal(count, JsonDocument.Parse(output).RootElement.EnumerateArray().Count(device => device.GetProperty("vendor").GetString() == vendor && !device.TryGetProperty("parentId", out _)));
    }

    [Fact]
    public async Task Of_a_node_of_several_vendors_all_devices_are_printed_or_their_labels()
    {
        var (_, devices) = await AgentProgram.RunAsync("devices", "--simulate", "b60-2+mi300x-2+ib-hdr-1+gaudi-1");
        var (status, labels) = await AgentProgram.RunAsync("devices", "--simulate", "b60-2+mi300x-2", "--labels");

        Assert.Equal(["amd 0", "amd 1", "generic 0", "intel 0", "intel 1", "rdma 0"], devices.Split('\n').Skip(1).Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Take(2))).Where(line => line.Length > 0));
        Assert.Equal(0, status);
        Assert.Contains("gpu.intel.com/product=Pro_B60", labels, StringComparison.Ordinal);
        Assert.Contains("amd.com/gpu.vram=192G", labels, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_simulated_node_that_is_none_is_a_usage_error()
    {
        var (status, output) = await AgentProgram.RunAsync("devices", "--simulate", "max1550-0");

        Assert.Equal(64, status);
        Assert.Contains("max1550-0 is no node", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_good_configuration_is_called_good()
    {
        using var folder = new TestFolder();
        var file = folder.WriteConfig(9);

        Assert.Equal((0, $"{file} is good.\n"), await AgentProgram.RunAsync("check-config", file));
    }

    [Fact]
    public async Task Every_error_of_a_configuration_is_told_at_once_with_its_place_and_nothing_starts()
    {
        using var folder = new TestFolder();
        var file = folder.Write("agent.yaml", "kubelet: { rot: /k }\nmetrics:\n  address: 9400\nvendors: { nvidia: { migConfig: x } }\n");

        foreach (var arguments in new[] { ["check-config", file], new[] { "run", "--config", file } })
        {
            var (status, output) = await AgentProgram.RunAsync(arguments);

            Assert.Equal(78, status);
            Assert.Contains($"stderr: {file}:1:12: kubelet.rot is not a setting. Did you mean kubelet.root?", output, StringComparison.Ordinal);
            Assert.Contains($"stderr: {file}:3:12: metrics.address: \"9400\" is not usable", output, StringComparison.Ordinal);
            Assert.Contains($"stderr: {file}:4:33: vendors.nvidia.migConfig: \"x\" is not available in this version", output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_configuration_file_that_is_not_there_is_an_error_not_the_defaults()
    {
        var (status, output) = await AgentProgram.RunAsync("run", "--config", "/nowhere/agent.yaml");

        Assert.Equal(78, status);
        Assert.Contains("/nowhere/agent.yaml: the file cannot be read", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_reference_page_of_the_settings_is_what_the_program_prints()
    {
        var (_, reference) = await AgentProgram.RunAsync("config-reference");
        var path = RepositoryRoot.Combine("docs", "configuration.md");
        var page = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        var head = page[..(page.IndexOf("\n## ", StringComparison.Ordinal) + 1)];
        if (Updates.Contains(Environment.GetEnvironmentVariable("AIINFRA_UPDATE_DOCS")))
            await File.WriteAllTextAsync(path, head + reference.TrimEnd() + "\n", TestContext.Current.CancellationToken);

        Assert.Equal(head + reference.TrimEnd() + "\n", await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task An_unknown_model_is_refused_by_name()
    {
        var (status, output) = await AgentProgram.RunAsync("simulate", "--node", "dgx-9000");

        Assert.NotEqual(0, status);
        Assert.Contains("dgx-9000", output, StringComparison.Ordinal);
        Assert.Contains("dgx-h100", output, StringComparison.Ordinal);
    }
}
