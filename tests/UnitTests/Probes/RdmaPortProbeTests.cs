using AIInfra.Core.Health;
using AIInfra.Core.Health.Probes;
using AIInfra.Core.Health.Probes.Fabric;

namespace AIInfra.UnitTests.Probes;

public sealed class RdmaPortProbeTests : IDisposable
{
    private readonly ProbedHost _host = new(RdmaPortProbe.Definition);

    public void Dispose() => _host.Dispose();

    private void Write(string device, string state = "4: ACTIVE", string physical = "5: LinkUp", string rate = "400 Gb/sec (4X NDR)", string board = "MT_0000000838", params (string Name, long Value)[] counters)
    {
        _host.Write($"sys/class/infiniband/{device}/board_id", board + "\n");
        var port = $"sys/class/infiniband/{device}/ports/1";
        _host.Write($"{port}/state", state + "\n");
        _host.Write($"{port}/phys_state", physical + "\n");
        _host.Write($"{port}/rate", rate + "\n");
        foreach (var (name, value) in counters)
            _host.Write($"{port}/counters/{name}", $"{value}\n");
    }

    [Fact]
    public async Task A_host_without_RDMA_has_nothing_to_look_at() => Assert.NotNull((await _host.LookAsync()).NotHere);

    [Fact]
    public async Task A_port_that_was_up_and_is_down_is_degraded_and_after_four_minutes_fatal_until_it_is_up_again()
    {
        Write("mlx5_0");
        Assert.Empty(await _host.BadAsync());
        Write("mlx5_0", "1: DOWN", "2: Polling");
        Assert.Equal(Severity.Degraded, Assert.Single((await _host.LookAsync()).Results, result => result.Answer == ProbeAnswer.Problem).Severity);
        _host.Time.Advance(TimeSpan.FromMinutes(4));
        var bad = Assert.Single((await _host.LookAsync()).Results, result => result.Answer == ProbeAnswer.Problem);

        Assert.Equal((Severity.Fatal, "rdma.link-down", "port mlx5_0: Port: 1"), (bad.Severity, bad.ProblemId, bad.Subject.ToString()));
        Write("mlx5_0");
        Assert.Empty(await _host.BadAsync());
    }

    [Fact]
    public async Task A_port_without_a_cable_or_switched_off_by_a_person_is_no_fault()
    {
        Write("mlx5_0", "1: DOWN", "2: Polling");
        Write("mlx5_1", "1: DOWN", "2: Polling");
        Assert.Empty(await _host.BadAsync());

        Write("mlx5_1");
        await _host.BadAsync();
        Write("mlx5_1", "1: DOWN", "3: Disabled");
        Assert.DoesNotContain("rdma.link-down on port mlx5_1: Port: 1", await _host.BadAsync());
    }

    [Fact]
    public async Task A_port_that_alone_of_its_kind_is_down_is_told_also_right_after_the_start()
    {
        for (var card = 0; card < 8; card++)
            Write($"mlx5_{card}", card == 5 ? "1: DOWN" : "4: ACTIVE");

        Assert.Equal(["rdma.link-down on port mlx5_5: Port: 1"], await _host.BadAsync());
    }

    [Fact]
    public async Task A_slower_rate_than_its_kind_is_told()
    {
        Write("mlx5_0");
        Write("mlx5_1", rate: "100 Gb/sec (4X EDR)");
        Write("mlx5_2", rate: "25 Gb/sec (1X EDR)", board: "another");

        Assert.Equal(["rdma.rate-degraded on port mlx5_1: Port: 1"], await _host.BadAsync());
    }

    [Fact]
    public async Task Errors_count_by_growth_not_by_what_was_counted_before_and_a_restart_of_the_counter_is_no_growth()
    {
        Write("mlx5_0", counters: [("symbol_error", 65535), ("link_error_recovery", 250)]);
        Assert.Empty(await _host.BadAsync());
        _host.Time.Advance(TimeSpan.FromSeconds(30));
        Write("mlx5_0", counters: [("symbol_error", 3), ("link_error_recovery", 250)]);
        Assert.Empty(await _host.BadAsync());
        _host.Time.Advance(TimeSpan.FromSeconds(30));
        Write("mlx5_0", counters: [("symbol_error", 603), ("link_error_recovery", 251)]);

        Assert.Equal(["rdma.port-errors on port mlx5_0: Port: 1"], await _host.BadAsync());
    }

    [Fact]
    public async Task Counters_of_the_driver_count_too()
    {
        Write("mlx5_0");
        _host.Write("sys/class/infiniband/mlx5_0/ports/1/hw_counters/roce_slow_restart", "0");
        Assert.Empty(await _host.BadAsync());
        _host.Time.Advance(TimeSpan.FromSeconds(30));
        _host.Write("sys/class/infiniband/mlx5_0/ports/1/hw_counters/roce_slow_restart", "301");

        Assert.Equal(["rdma.port-errors on port mlx5_0: Port: 1"], await _host.BadAsync());
    }

    [Fact]
    public async Task Three_drops_in_twelve_hours_are_flapping_and_end_with_time()
    {
        for (var drops = 0; drops <= 3; drops++)
        {
            Write("mlx5_0", counters: [(RdmaPort.LinkDowned, drops)]);
            Assert.Equal(drops == 3 ? ["rdma.link-flapping on port mlx5_0: Port: 1"] : [], await _host.BadAsync());
            _host.Time.Advance(TimeSpan.FromMinutes(10));
        }
        _host.Time.Advance(TimeSpan.FromHours(12));

        Assert.Empty(await _host.BadAsync());
    }

    [Fact]
    public async Task Fewer_ports_than_expected_are_fatal_also_when_none_is_there()
    {
        _host.Limits = _host.Limits.Add("expectedPorts", 8);
        Assert.Equal(["rdma.ports-missing on node"], await _host.BadAsync());
        for (var card = 0; card < 8; card++)
            Write($"mlx5_{card}");

        Assert.Empty(await _host.BadAsync());
    }
}
