using System.Text.Json;

namespace AIInfra.EndToEndTests;

/// <summary>The commands that need no daemon: scan-log and explain.</summary>
public sealed class LogCommandTests
{
    private const string Log = """
        [    1.0] usb 1-1: new high-speed USB device number 2 using xhci_hcd
        Feb 19 08:41:22 node-07 kernel: [311904.552310] NVRM: Xid (PCI:0000:3b:00): 79, pid=1, name=python3, GPU has fallen off the bus.
        NVRM: Xid (PCI:0008:01:00): 154, GPU recovery action changed from 0x4 (Drain and Reset) to 0x0 (None)
        12,9012,88120345,-;NVRM: Xid (PCI:0000:3b:00): 79, pid=1, name=bash, GPU has fallen off the bus.
        4,2204,511200345,-;NVRM: Xid (PCI:0000:86:00): 31, pid=9921, name=python3, Ch 00000004

        """;

    [Fact]
    public async Task A_saved_log_gives_one_line_a_problem_and_one_object_a_line_as_json()
    {
        using var folder = new TestFolder();
        var file = folder.Write("saved.log", Log);

        var (status, text) = await AgentProgram.RunAsync("scan-log", file);
        Assert.Equal(0, status);
        Assert.StartsWith("line 2: FATAL nvidia.xid.79 on device 0000:3b:00.0: ", text, StringComparison.Ordinal);
        Assert.Equal(2, text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);

        var (_, json) = await AgentProgram.RunAsync("scan-log", "-o", "json", file);
        Assert.Equal("""
            {"line":2,"problem":"nvidia.xid.79","subject":"device 0000:3b:00.0","severity":"fatal","action":"reboot"}
            {"line":5,"problem":"nvidia.xid.31","subject":"device 0000:86:00.0","severity":"info","action":"tell-pod"}

            """, json);
        Assert.Equal(3, (await AgentProgram.RunAsync("scan-log", "--trust-userspace", file)).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task A_log_that_cannot_be_read_gives_status_66_and_one_without_problems_status_0()
    {
        var (status, output) = await AgentProgram.RunAsync("scan-log", "/nowhere/saved.log");
        Assert.Equal(66, status);
        Assert.Contains("/nowhere/saved.log cannot be read", output, StringComparison.Ordinal);

        using var folder = new TestFolder();
        Assert.Equal((0, "stderr: 2 lines, no problem found.\n"), await AgentProgram.RunAsync("scan-log", folder.Write("quiet.log", "one\ntwo\n")));
    }

    [Fact]
    public async Task A_user_s_rules_are_used_and_a_wrong_one_is_told_with_its_place()
    {
        using var folder = new TestFolder();
        var log = folder.Write("saved.log", "acme: link down\n");
        var config = folder.Write("agent.conf", $"health: {{ rules: [{folder.Path}] }}\n");
        var rules = folder.Write("mine.yaml", "rules:\n  - { id: acme.down, literals: \"acme: link\", severity: fatal, cause: fabric, action: drain, clearing: hand, message: Down. }\n");

        var (_, found) = await AgentProgram.RunAsync("scan-log", "--config", config, log);
        Assert.Equal("line 1: FATAL acme.down on node: Down. Suggested: drain.\n", found);

        await File.WriteAllTextAsync(rules, "rules:\n  - { id: acme.down, sverity: fatal }\n", TestContext.Current.CancellationToken);
        var (status, output) = await AgentProgram.RunAsync("check-config", config);
        Assert.Equal(78, status);
        Assert.Contains($"{rules}:2:22: rules[0].sverity is no field of a rule", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_problem_is_explained_in_two_languages_and_an_unknown_one_answered_with_its_neighbours()
    {
        var (status, english) = await AgentProgram.RunAsync("explain", "nvidia.xid.79", "--lang", "en");
        Assert.Equal(0, status);
        Assert.StartsWith("nvidia.xid.79 (fatal, reboot)\n  Meaning:     The GPU no longer answers", english, StringComparison.Ordinal);
        Assert.Contains("含义：GPU 在 PCIe 总线上不再应答", (await AgentProgram.RunAsync("explain", "nvidia.xid.79", "--lang", "zh")).Output, StringComparison.Ordinal);
        var (_, json) = await AgentProgram.RunAsync("explain", "79", "-o", "json");
        Assert.Equal("nvidia.xid.79", JsonDocument.Parse(json).RootElement.GetProperty("id").GetString());

        var (wrong, nearest) = await AgentProgram.RunAsync("explain", "nvdia.xid.79", "--lang", "en");
        Assert.Equal(64, wrong);
        Assert.Contains("Nearest: nvidia.xid.79,", nearest, StringComparison.Ordinal);
    }
}
