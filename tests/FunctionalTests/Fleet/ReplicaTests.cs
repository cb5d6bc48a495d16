using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using AIInfra.Aggregator.Identity;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation;
using AIInfra.Testing;
using Npgsql;

namespace AIInfra.FunctionalTests.Fleet;

/// <summary>Two replicas as processes of their own, on one PostgreSQL, with agents on streams. What is held is counted from what the agents were told, not from the database.</summary>
public sealed class ReplicaTests : IAsyncLifetime
{
    private const int Allowed = 2;

    private readonly string _folder = Directory.CreateTempSubdirectory("airep-").FullName; // short: a socket's path has 107 characters at most
    private readonly List<TestAgent> _agents = [];
    private readonly ConcurrentQueue<(string Sign, long At, int Agent, long Fence)> _told = new();
    private readonly ConcurrentQueue<string> _refusals = new();
    private PostgresServer _server = null!;
    private Relay _toDatabase = null!;
    private ReplicaRun _one = null!, _other = null!;
    private string _join = "";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(ReplicaRun.Missing is null, ReplicaRun.Missing ?? "");
        _server = await PostgresServer.StartAsync();
        await using (var connection = new NpgsqlConnection(_server.ConnectionString("postgres") + ";Pooling=false"))
        {
            await connection.OpenAsync(Stop);
            await using var command = new NpgsqlCommand("CREATE DATABASE fleet", connection);
            await command.ExecuteNonQueryAsync(Stop);
        }
        var socket = Directory.CreateDirectory(Path.Combine(_folder, "db")).FullName;
        _toDatabase = new Relay(new UnixDomainSocketEndPoint(Path.Combine(socket, ".s.PGSQL.5432")), new UnixDomainSocketEndPoint(Path.Combine(_server.Folder, ".s.PGSQL.5432")));
        var policy = Write("policy.yaml", $$"""
            budgets: [ { name: fleet, label: "", maxUnavailable: {{Allowed}} } ]
            breaker: { percent: 100 }
            view: { for: 1s }
            lifetime: 30s
            """);
        // The state of one replica, copied to the other, as the guide says
        var first = Directory.CreateDirectory(Path.Combine(_folder, "one")).FullName;
        var tokens = new Tokens(first, TimeProvider.System);
        _join = Write("join", tokens.Create(TokenRole.Join, "test", TimeSpan.FromHours(1), "*", Authority.Open(first, TimeProvider.System).Fingerprint));
        var viewer = tokens.Create(TokenRole.Viewer, "test", TimeSpan.FromHours(1), "*", "");
        var second = Path.Combine(_folder, "other");
        foreach (var file in Directory.EnumerateFiles(first, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(second, Path.GetRelativePath(first, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
        _one = new ReplicaRun(first, $"Host={socket};Database=fleet;Username=aiinfra", policy, viewer);
        _other = new ReplicaRun(second, _server.ConnectionString("fleet"), policy, viewer);
        (_one.More, _other.More) = (TellAsync, TellAsync);
        await Task.WhenAll(_one.StartAsync(), _other.StartAsync());
    }

    [Fact]
    public async Task The_agents_of_a_replica_that_is_killed_move_nothing_is_granted_twice_and_both_show_the_whole()
    {
        await using var toOne = new Relay(new IPEndPoint(IPAddress.Loopback, 0), _one.EndPoint, _other.EndPoint);
        await using var toOther = new Relay(new IPEndPoint(IPAddress.Loopback, 0), _other.EndPoint, _one.EndPoint);
        for (var number = 0; number < 6; number++)
            StartAgent(number, (number % 2 == 0 ? toOne : toOther).Port);
        await BothShowAsync(6);
        Assert.Equal((3, 3), (await _one.StreamsAsync(), await _other.StreamsAsync()));

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var hammering = Enumerable.Range(2, 4).Select(number => Task.Run(() => HammerAsync(number, ended.Token), Stop)).ToList();
        await _one.UntilAsync(() => Task.FromResult(Given >= 12), "grants are given");
        var held = new[] { await HoldAsync(0), await HoldAsync(1) }; // one of each replica: the budget is used up
        var before = Given;
        await _one.KillAsync();
        await _other.UntilAsync(async () => await _other.StreamsAsync() == 6 && await _other.ConnectedAsync() == 6, "the agents of the other have moved");
        await Task.Delay(TimeSpan.FromSeconds(12), Stop); // both are renewed within a third of their 30 s: what is looked at is that nothing else happens
        Assert.All(held, grant => Assert.True(grant.IsHeld));
        Assert.Equal(before, Given);

        for (var number = 0; number < 2; number++)
            await GiveBackAsync(number, held[number]);
        await _other.UntilAsync(() => Task.FromResult(Given >= before + 8), "grants are given by the one that is left");
        await _one.StartAsync();
        await BothShowAsync(6);
        await ended.CancelAsync();
        await Task.WhenAll(hammering).ContinueWith(_ => { }, TaskScheduler.Default);
        Observe();
    }

    [Fact]
    public async Task A_replica_that_is_cut_off_from_the_database_grants_nothing_shows_what_it_hears_and_loses_nothing_that_it_acknowledged()
    {
        for (var number = 0; number < 4; number++)
            StartAgent(number, (number % 2 == 0 ? _one : _other).Port);
        await BothShowAsync(4);
        await _one.UntilAsync(async () => await AskAsync(0) is { Grant: { } grant } && await GiveBackAsync(0, grant), "the fleet is armed");

        _toDatabase.Cut();
        var refused = await AskAsync(0);
        Assert.Null(refused.Grant);
        Assert.Contains("store does not take part", refused.Why, StringComparison.Ordinal);
        _agents[0].Report("nvidia.xid.79", 3);
        await _one.UntilAsync(async () => await FatalAsync(_one) == 1, "it shows what its agent says");
        Assert.Equal(0, await FatalAsync(_other));
        // Its nodes are out of the other's sight when it counts as dead: fewer than view.seenPercent are left
        await _other.UntilAsync(async () => await _other.ConnectedAsync() == 2, "the other counts it as dead");
        var disarmed = await AskAsync(1);
        Assert.Null(disarmed.Grant);
        Assert.Contains("in sight", disarmed.Why, StringComparison.Ordinal);

        _toDatabase.Mend();
        await BothShowAsync(4);
        await _other.UntilAsync(async () => await FatalAsync(_other) == 1, "what was said meanwhile is stored, and shown by the other");
        await _one.UntilAsync(async () => await AskAsync(0) is { Grant: { } grant } && await GiveBackAsync(0, grant), "it grants again");
        Observe();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var agent in _agents)
            await agent.DisposeAsync();
        foreach (IAsyncDisposable? part in (IAsyncDisposable?[])[_one, _other, _toDatabase, _server])
        {
            if (part is not null)
                await part.DisposeAsync();
        }
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Where the database and the agents stand.</summary>
    private async Task<string> TellAsync()
    {
        var told = new List<string> { $"refusals: {string.Join(" | ", _refusals.TakeLast(4))}", _one.Transcript, _other.Transcript };
        await using var connection = new NpgsqlConnection(_server.ConnectionString("fleet") + ";Pooling=false");
        await connection.OpenAsync(Stop);
        foreach (var text in (string[])["SELECT id || ' ' || beat || ' ' || beat_at FROM replicas", "SELECT name || ' ' || replica || ' ' || is_connected || ' ' || last_heard FROM nodes",
            "SELECT 'view since ' || complete_since FROM fleet", "SELECT node || ' ' || operation || ' ' || state FROM grants WHERE state <> 'over'"])
        {
            await using var command = new NpgsqlCommand(text, connection);
            await using var rows = await command.ExecuteReaderAsync(Stop);
            while (await rows.ReadAsync(Stop))
                told.Add(rows.GetString(0));
        }
        return string.Join('\n', told);
    }

    private int Given => _told.Count(line => line.Sign == "+");

    private void StartAgent(int number, int port) =>
        _agents.Add(TestAgent.Start(new Uri($"https://127.0.0.1:{port}"), Path.Combine(_folder, "agents", $"{number}"), $"gpu-{number}", _join));

    private async Task BothShowAsync(int nodes)
    {
        foreach (var replica in (ReplicaRun[])[_one, _other])
            await replica.UntilAsync(async () => await replica.ConnectedAsync() == nodes, $"{nodes} nodes are connected; agents say: {string.Join(' ', _agents.Select(agent => agent.Complaint))}");
    }

    private static async Task<int> FatalAsync(ReplicaRun replica) => (await replica.GetAsync("/api/v1/fleet")).GetProperty("problems").GetProperty("fatal").GetInt32();

    private async Task<GrantAnswer> AskAsync(int number)
    {
        var operation = $"op-{Guid.NewGuid():N}";
        var answer = await _agents[number].Grants.AskAsync(new GrantRequest(operation, "reboot", DrainScope.Node), Stop);
        if (answer.Grant is not null)
            _told.Enqueue(("+", TimeProvider.System.GetTimestamp(), number, (long)_agents[number].Grants.Find(operation).Fence));
        else
            _refusals.Enqueue($"gpu-{number}: {answer.Why}");
        return answer;
    }

    private async Task<IGrant> HoldAsync(int number)
    {
        while (true)
        {
            if (await AskAsync(number) is { Grant: { } grant })
                return grant;
            SaySomething(number);
            await Task.Delay(200, Stop);
        }
    }

    /// <summary>And says something, so that the aggregator has heard the node since: the grant weighs until then.</summary>
    private async Task<bool> GiveBackAsync(int number, IGrant grant)
    {
        _told.Enqueue(("-", TimeProvider.System.GetTimestamp(), number, 0));
        await grant.DisposeAsync();
        SaySomething(number);
        return true;
    }

    private void SaySomething(int number)
    {
        if (!_agents[number].Health.Clear("test.round", Subject.Device("GPU-1")))
            _agents[number].Report("test.round", 1, Severity.Info);
    }

    private async Task HammerAsync(int number, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            if (await AskAsync(number) is { Grant: { } grant })
            {
                await Task.Delay(20, CancellationToken.None);
                await GiveBackAsync(number, grant);
            }
            else
            {
                SaySomething(number); // the release may have been written after what was said with it
            }
            await Task.Delay(200, CancellationToken.None);
        }
    }

    private void Observe()
    {
        var held = new HashSet<int>();
        foreach (var (sign, _, agent, _) in _told.OrderBy(line => line.At))
        {
            if (sign == "-")
                held.Remove(agent);
            else
                Assert.True(held.Add(agent) && held.Count <= Allowed, $"{string.Join(", ", held)} hold at once, then {agent}.");
        }
        var fences = _told.Where(line => line.Sign == "+").Select(line => line.Fence).ToList();
        Assert.Equal(fences.Count, fences.Distinct().Count());
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
