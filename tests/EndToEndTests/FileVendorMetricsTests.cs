using System.Text.RegularExpressions;
using AIInfra.Testing;

namespace AIInfra.EndToEndTests;

/// <summary>The page of a node with boards that are files alone, started as a user starts it.</summary>
public sealed class FileVendorMetricsTests
{
    private const string Timeline = """
        at 15s amd 3 temperature 91
        at 15s nic 5 down
        at 15s nic 6 count symbol_error 9

        """;

    [Theory]
    [InlineData("neutral", """hw_temperature_celsius\{.*index="3",hw_sensor_location="hotspot"\} (.*)\n""", """hw_network_up\{.*index="5"\} (.*)\n""", """hw_errors_total\{.*vendor="rdma",index="6".*error_category="symbol"\} (.*)\n""")]
    [InlineData("native", """gpu_junction_temperature\{gpu_id="3".*\} (.*)\n""", """node_infiniband_state_id\{device="mlx5_5",port="1"\} (.*)\n""", """node_infiniband_symbol_error_total\{device="mlx5_6",port="1"\} (.*)\n""")]
    [InlineData("dcgm", """hw_temperature_celsius\{.*index="3",hw_sensor_location="hotspot"\} (.*)\n""", """hw_network_up\{.*index="5"\} (.*)\n""", """hw_errors_total\{.*vendor="rdma",index="6".*error_category="symbol"\} (.*)\n""")]
    public async Task Values_follow_the_files_and_promtool_finds_no_more_than_is_known(string profile, string temperature, string link, string errors)
    {
        using var folder = new TestFolder();
        var port = AgentProgram.FreePort();
        await using var node = PeerProcess.Start(AgentProgram.Path,
            ["simulate", "--node", "mi300x-8+ib-hdr-8", "--timeline", folder.Write("timeline.txt", Timeline), "--dir", folder.Combine("node"), "--metrics", $"127.0.0.1:{port}"],
            new Dictionary<string, string> { ["AIINFRA_METRICS__PROFILE"] = profile });
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        var isNative = profile == "native";

        var before = await WaitAsync(page => Value(page, temperature) == "48" && Value(page, errors) == "0");
        Assert.Equal(isNative ? "4" : "1", Value(before, link));
        var after = await WaitAsync(page => Value(page, temperature) == "91" && Value(page, errors) == "9");
        Assert.Equal(isNative ? "1" : "0", Value(after, link));
        Assert.Empty(await FindingsAsync(after, profile == "native" ? "native-files-findings.txt" : null));

        Task<string> WaitAsync(Func<string, bool> holds) => PageAsync(http, node, holds);
    }

    [Fact]
    public async Task GPUs_of_both_of_Intels_drivers_are_served_and_a_hot_one_is_unhealthy_until_it_is_cooler()
    {
        using var folder = new TestFolder();
        var port = AgentProgram.FreePort();
        await using var node = PeerProcess.Start(AgentProgram.Path,
            [
                "simulate", "--node", "max1550-4+b60-2", "--dir", folder.Combine("node"), "--metrics", $"127.0.0.1:{port}",
                "--timeline", folder.Write("timeline.txt", "at 12s intel 4 temperature 104\nat 12s intel 0 error sgunit_fatal 1\nat 25s intel 4 temperature 60\n"),
            ],
            new Dictionary<string, string> { ["AIINFRA_METRICS__PROFILE"] = "neutral", ["AIINFRA_VENDORS__INTEL__MONITORING"] = "split" });
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        string Healthy(string page, int index) => Value(page, $$"""aiinfra_agent_device_healthy\{vendor="intel",.*index="{{index}}".*\} (.*)\n""") ?? "?";

        var page = await WaitAsync(page => Value(page, """hw_temperature_celsius\{.*index="4",hw_sensor_location="gpu"\} (.*)\n""") == "52");
        Assert.Equal(("1", "1"), (Healthy(page, 4), Healthy(page, 0)));
        page = await WaitAsync(page => Healthy(page, 4) == "0" && Healthy(page, 0) == "0");
        Assert.Equal("1", Value(page, """hw_errors_total\{.*index="0",hw_type="gpu",error_type="uncorrected",error_category="device"\} (.*)\n"""));
        page = await WaitAsync(page => Healthy(page, 4) == "1");
        Assert.Equal("0", Healthy(page, 0)); // that one needs a reset
        Assert.Empty(await FindingsAsync(page, null));

        Task<string> WaitAsync(Func<string, bool> holds) => PageAsync(http, node, holds);
    }

    private static async Task<string> PageAsync(HttpClient http, PeerProcess node, Func<string, bool> holds)
    {
        var page = "";
        await Eventually.AsyncTrue(async () =>
        {
            try
            {
                page = await http.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
                return holds(page);
            }
            catch (HttpRequestException)
            {
                return false; // not up yet
            }
        }, () => page + "\n" + node.Transcript, patience: TimeSpan.FromMinutes(2));
        return page;
    }

    private static string? Value(string page, string pattern) => Regex.Match(page, pattern) is { Success: true } match ? match.Groups[1].Value : null;

    /// <summary>Lines of promtool that the checked-in file does not have.</summary>
    private static async Task<string[]> FindingsAsync(string page, string? known)
    {
        await using var promtool = PeerProcess.Start("promtool", ["check", "metrics"]);
        await promtool.SendLineAsync(page.TrimEnd('\n'));
        promtool.CloseInput();
        await promtool.WaitForExitAsync(TestContext.Current.CancellationToken);
        string[] allowed = known is null ? [] : await File.ReadAllLinesAsync(RepositoryRoot.Combine("tests", "FunctionalTests", "Metrics", "testdata", known), TestContext.Current.CancellationToken);
        return [.. promtool.Transcript.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Replace("stderr: ", "", StringComparison.Ordinal).Trim()).Except(allowed)];
    }
}
