using AIInfra.Core.Health.Probes;
using AIInfra.FunctionalTests.VendorHost;

namespace AIInfra.FunctionalTests.Probes;

/// <summary>Children that answer, hang and cannot be started, for real.</summary>
public sealed class ProbeChildrenTests : IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(20), Short = TimeSpan.FromSeconds(1);
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly VendorFolder _folder = new();
    private readonly ProbeChildren _children;

    public ProbeChildrenTests() => _children = new ProbeChildren(_folder.Launcher, TimeProvider.System);

    public void Dispose()
    {
        _children.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Each_target_of_a_call_gets_its_own_answer_whatever_its_name()
    {
        var odd = Directory.CreateDirectory(_folder.PathOf("a\tb 文件 $(x)")).FullName;

        var replies = await _children.AskAsync(ProbeChecks.Mount, ["/", "/nowhere", odd], Long, Stop);

        Assert.Equal(["/", "/nowhere", odd], replies.Select(reply => reply.Target));
        Assert.All(replies, reply => Assert.Equal(ChildAnswer.Answered, reply.Answer));
        Assert.StartsWith("ok ", replies[0].Text, StringComparison.Ordinal);
        Assert.StartsWith("error 2 ", replies[1].Text, StringComparison.Ordinal);
        Assert.StartsWith("ok ", replies[2].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_targets_than_one_process_takes_are_all_answered()
    {
        var targets = Enumerable.Range(0, 100).Select(at => Directory.CreateDirectory(_folder.PathOf($"m{at}")).FullName).ToList();

        var replies = await _children.AskAsync(ProbeChecks.Mount, targets, Long, Stop);

        Assert.Equal(targets, replies.Select(reply => reply.Target));
        Assert.All(replies, reply => Assert.StartsWith("ok ", reply.Text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_tool_is_run_without_a_shell_and_killed_with_all_it_started_at_its_deadline()
    {
        var (said, _) = await _children.RunToolAsync("/bin/echo", ["$HOME;", "x y"], "one", Long, Stop);
        Assert.Equal((ChildAnswer.Answered, "$HOME; x y\n"), (said.Answer, said.Text));

        var (late, _) = await _children.RunToolAsync("/bin/sh", ["-c", $"sleep 1000 {_folder.Path} & sleep 1000"], "two", Short, Stop);
        Assert.Equal((ChildAnswer.Late, "no answer within 1 s"), (late.Answer, late.Text));
        Assert.Equal(0, _children.Stuck);
        Assert.Empty(_folder.Processes());
    }

    [Fact]
    public async Task A_program_that_is_not_there_refuses_with_its_name()
    {
        var (reply, _) = await _children.RunToolAsync("/nowhere/smartctl", [], "sda", Long, Stop);

        Assert.Equal(ChildAnswer.Refused, reply.Answer);
        Assert.Contains("/nowhere/smartctl", reply.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Output_of_a_tool_beyond_the_first_buffer_is_kept_whole()
    {
        var (reply, _) = await _children.RunToolAsync("/bin/sh", ["-c", "head -c 200000 /dev/zero | tr '\\0' x"], "three", Long, Stop);

        Assert.Equal(200_000, reply.Text.Length);
    }
}
