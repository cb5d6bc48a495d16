using AIInfra.Linux.Systemd;

namespace AIInfra.FunctionalTests.Systemd;

[Collection(BootedSystem.Collection)]
public sealed class HostCommandsTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly BootedSystem _system;
    private readonly SystemBus _bus;
    private readonly SystemdUnits _units;
    private readonly HostCommands _commands;

    public HostCommandsTests(BootedSystem system)
    {
        _system = system;
        _bus = system.OpenBus();
        _units = new SystemdUnits(_bus);
        _commands = new HostCommands(_bus, _units, $"{system.Machine.Root}/run", TimeProvider.System);
    }

    public void Dispose() => _bus.Dispose();

    [Fact]
    public async Task A_command_runs_on_the_host_with_its_words_as_they_are()
    {
        var result = await _commands.RunAsync("words", ["/usr/bin/printf", "%s|", "a b", "$HOME", "%%h;`x`", ""], Deadline, Stop);

        Assert.Equal("a b|$HOME|%%h;`x`||", result.Output);
        Assert.True(result.IsSuccess);
        Assert.Matches("^[0-9a-f]{32}$", result.InvocationId);
        Assert.False((await _units.GetAsync("aiinfra-words.service", Stop)).IsThere); // nothing of it is left
        Assert.Empty(Directory.GetFiles($"{_system.Machine.Root}/run/aiinfra-commands"));
    }

    [Fact]
    public async Task How_it_failed_is_told_with_what_it_said()
    {
        var result = await _commands.RunAsync("fails", ["/bin/sh", "-c", "echo out; echo err >&2; exit 15"], Deadline, Stop);
        var missing = await _commands.RunAsync("missing", ["/no/such/program"], Deadline, Stop);

        Assert.Equal((15, false, "exit-code", "out\nerr\n"), (result.Status, result.WasKilled, result.Result, result.Output));
        Assert.Equal((203, false), (missing.Status, missing.IsSuccess)); // EXIT_EXEC of systemd.exec(5)
        Assert.Equal("inactive", (await _units.GetAsync("aiinfra-fails.service", Stop)).Active);
    }

    [Fact]
    public async Task At_the_deadline_all_of_its_processes_are_ended()
    {
        var result = await _commands.RunAsync("late", ["/bin/sh", "-c", "trap '' TERM; sleep 987 & setsid sleep 987 & echo begun; wait; wait"], TimeSpan.FromSeconds(1), Stop);

        Assert.True(result.IsTimeout);
        Assert.Equal("begun\n", result.Output);
        Assert.Equal((1, ""), await _system.Machine.TryRunAsync("pgrep", "-f", "sleep 987"));
    }

    [Fact]
    public async Task What_it_prints_is_bounded_while_it_runs()
    {
        var running = _commands.RunAsync("talks", ["/bin/sh", "-c", "yes | head -c 60000000; sleep 2; yes n | head -c 1000000"], Deadline, Stop);
        var file = new FileInfo($"{_system.Machine.Root}/run/aiinfra-commands/talks.out");

        var result = await running;

        Assert.Equal(HostCommands.OutputKept, result.Output.Length);
        Assert.StartsWith("y\ny\n", result.Output, StringComparison.Ordinal);
        Assert.False(file.Exists);
    }

    [Fact]
    public async Task One_that_an_earlier_agent_started_is_waited_for_and_not_started_again()
    {
        using (var earlier = new CancellationTokenSource())
        {
            var lost = _commands.RunAsync("once", ["/bin/sh", "-c", "echo x >>/run/once; sleep 2; echo end"], Deadline, earlier.Token);
            await SystemdUnitsTests.EventuallyAsync(_units, "aiinfra-once.service", state => state.Active == "activating");
            await earlier.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => lost);
        }
        using var bus = _system.OpenBus();
        var commands = new HostCommands(bus, new SystemdUnits(bus), $"{_system.Machine.Root}/run", TimeProvider.System);

        Assert.NotNull(await commands.FindAsync("once", Stop));
        var result = await commands.RunAsync("once", ["/bin/sh", "-c", "echo x >>/run/once; sleep 2; echo end"], Deadline, Stop);

        Assert.Equal(("end\n", true), (result.Output, result.IsSuccess));
        Assert.Equal("x\n", await _system.Machine.RunAsync("cat", "/run/once"));
        Assert.Null(await commands.FindAsync("once", Stop));
    }

    [Fact]
    public async Task The_end_of_one_that_an_earlier_agent_started_can_still_be_asked_for()
    {
        using (var earlier = new CancellationTokenSource())
        {
            var lost = _commands.RunAsync("kept", ["/bin/sh", "-c", "sleep 1; echo kept; exit 3"], Deadline, earlier.Token);
            await SystemdUnitsTests.EventuallyAsync(_units, "aiinfra-kept.service", state => state.Active == "activating");
            await earlier.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => lost);
        }
        await SystemdUnitsTests.EventuallyAsync(_units, "aiinfra-kept.service", state => state.Active == "failed");

        var result = await _commands.RunAsync("kept", ["/bin/true"], Deadline, Stop);

        Assert.Equal((3, "kept\n"), (result.Status, result.Output));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("a.service")]
    public void A_name_that_is_none_is_refused(string name) => Assert.Throws<ArgumentException>(() => HostCommands.UnitOf(name));
}
