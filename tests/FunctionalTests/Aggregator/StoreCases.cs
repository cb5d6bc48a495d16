using AIInfra.Aggregator.Audit;
using AIInfra.Aggregator.Grants;
using AIInfra.Aggregator.Nodes;
using AIInfra.Aggregator.Store;
using AIInfra.Core.Health;
using AIInfra.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using static AIInfra.FunctionalTests.Aggregator.TestFleet;

namespace AIInfra.FunctionalTests.Aggregator;

/// <summary>The store, the same on both databases.</summary>
public abstract class StoreCases
{
    private protected static readonly GrantPolicy Policy = Armed(new Budget("fleet", "", Amount.Of(2)));

    /// <summary>A new empty one.</summary>
    protected abstract Task<string> MakeAsync();

    private protected static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_node_comes_back_as_it_was_written()
    {
        await using var fleet = Open(await MakeAsync(), Policy);
        var node = Node("n1", "r1", "default/train") with
        {
            Devices = [new DeviceRecord { Id = "GPU-0", Vendor = "nvidia", Model = "H100 \"x\" 卡", IsHealthy = false, NumaNode = 1, Links = [new LinkRecord("GPU-1", "direct", 4)] }],
            Problems =
            [
                new ProblemRecord
                {
                    Key = new ProblemKey("nvidia.xid.79", Subject.Device("GPU-0")), Severity = Severity.Fatal, Cause = Cause.Hardware, Action = SuggestedAction.Reboot, Message = "It is off the bus.",
                    FirstSeen = fleet.Time.GetUtcNow(), LastSeen = fleet.Time.GetUtcNow(), Arrived = fleet.Time.GetUtcNow(), Count = 3, Evidence = ["NVRM: Xid \u0001 a\0b"],
                },
            ],
            Operations = [Step("op", "reboot", "acted", fence: 17)],
        };
        await fleet.ReportAsync(node);

        var read = await fleet.Nodes.ReadSinceAsync(0, Token);
        var back = Assert.Single(read.Nodes);

        Assert.Equal(("n1", "i1", 1L, true), (back.Name, back.Incarnation, back.Sequence, back.IsConnected));
        Assert.Equal(fleet.Time.GetUtcNow(), back.LastHeard);
        Assert.Equal(node.Facts.Labels, back.Facts.Labels);
        Assert.Equal((node.Devices[0].Model, node.Devices[0].NumaNode, node.Devices[0].Links[0]), (back.Devices[0].Model, back.Devices[0].NumaNode, back.Devices[0].Links[0]));
        Assert.Equal(node.Problems[0] with { Evidence = [] }, back.Problems[0] with { Evidence = [] });
        Assert.Equal(node.Problems[0].Evidence, back.Problems[0].Evidence);
        Assert.Equal(node.Operations, back.Operations);
        Assert.Equal(node.Workloads[0] with { Devices = [] }, back.Workloads[0] with { Devices = [] });
    }

    [Fact]
    public async Task What_changed_since_a_revision_is_read_and_removed_nodes_are_named()
    {
        await using var fleet = Open(await MakeAsync(), Policy);
        await fleet.ReportAsync(Node("a"), Node("b"), Node("c"));
        var first = await fleet.Nodes.ReadSinceAsync(0, Token);
        Assert.Equal(3, first.Nodes.Length);

        await fleet.HearAsync("b", node => node with { Skew = TimeSpan.FromSeconds(1) });
        await fleet.Nodes.WriteAsync([new NodeChange("c", Node("c"), null)], Token);
        await fleet.ReportAsync(Node("a")); // only heard again

        var second = await fleet.Nodes.ReadSinceAsync(first.Revision, Token);
        Assert.Equal("b", Assert.Single(second.Nodes).Name);
        Assert.Equal(["c"], second.Removed);
        Assert.Empty((await fleet.Nodes.ReadSinceAsync(second.Revision, Token)).Nodes);
    }

    [Fact]
    public async Task An_older_state_never_overwrites_a_newer_one()
    {
        await using var fleet = Open(await MakeAsync(), Policy);
        await fleet.ReportAsync(Node("a") with { Sequence = 7 });

        await fleet.Nodes.WriteAsync([new NodeChange("a", null, Node("a") with { Sequence = 6, LastHeard = fleet.Time.GetUtcNow() })], Token);
        Assert.Equal(7, (await fleet.Nodes.ReadSinceAsync(0, Token)).Nodes[0].Sequence);

        await fleet.Nodes.WriteAsync([new NodeChange("a", null, Node("a") with { Incarnation = "i2", Sequence = 1, LastHeard = fleet.Time.GetUtcNow().AddSeconds(1) })], Token);
        await fleet.Nodes.WriteAsync([new NodeChange("a", null, Node("a") with { Incarnation = "i1", Sequence = 8, LastHeard = fleet.Time.GetUtcNow() })], Token);
        Assert.Equal("i2", (await fleet.Nodes.ReadSinceAsync(0, Token)).Nodes[0].Incarnation);
    }

    [Fact]
    public async Task A_node_that_went_to_another_replica_is_not_taken_off_by_the_one_that_it_left()
    {
        var connection = await MakeAsync();
        await using var one = Open(connection, Policy);
        await using var two = one.Beside(connection);
        await one.ReportAsync(Node("a"));
        one.Time.Advance(TimeSpan.FromSeconds(3));
        await two.ReportAsync(Node("a"));

        var left = Node("a") with { IsConnected = false, LastHeard = one.Time.GetUtcNow().AddSeconds(-3) };
        await one.Nodes.WriteAsync([new NodeChange("a", Node("a"), left)], Token);
        Assert.True((await two.Nodes.ReadSinceAsync(0, Token)).Nodes[0].IsConnected);

        await two.ReportAsync(Node("a") with { IsConnected = false });
        Assert.False((await one.Nodes.ReadSinceAsync(0, Token)).Nodes[0].IsConnected);
    }

    [Fact]
    public async Task The_nodes_of_a_replica_that_died_are_not_connected()
    {
        var connection = await MakeAsync();
        await using var one = Open(connection, Policy);
        await using var two = one.Beside(connection);
        await one.ReportAsync(Node("a"));
        await two.BeatAsync();
        Assert.True((await two.Nodes.ReadSinceAsync(0, Token)).Nodes[0].IsConnected);

        one.Time.Advance(Replicas.AliveFor + TimeSpan.FromSeconds(1));
        await two.BeatAsync();
        Assert.False((await two.Nodes.ReadSinceAsync(0, Token)).Nodes[0].IsConnected);
    }

    [Fact]
    public async Task Replicas_that_start_on_an_empty_database_at_once_make_it_once()
    {
        var connection = await MakeAsync();
        var fleets = Enumerable.Range(0, 6).Select(_ => Open(connection, Policy)).ToList();

        await Task.WhenAll(fleets.Select((fleet, at) => Task.Run(() => fleet.ReportAsync(Node($"n{at}")), Token)));

        Assert.Equal(6, (await fleets[0].Nodes.ReadSinceAsync(0, Token)).Nodes.Length);
        foreach (var fleet in fleets)
            await fleet.DisposeAsync();
    }

    [Fact]
    public async Task A_budget_whose_label_is_new_counts_the_nodes_that_were_known_before()
    {
        var connection = await MakeAsync();
        await using (var before = Open(connection, Policy))
            await before.ReportAsync(Node("a", "r1"), Node("b", "r1"), Node("c", "r2"));
        await using var fleet = Open(connection, Armed(new Budget("racks", Rack, Amount.Of(1))));
        await fleet.ReportAsync(Node("a", "r1") with { Sequence = 2 });
        await fleet.BeatAsync();
        Assert.Contains("are being sorted into the domains", (await fleet.AskAsync("a")).Why, StringComparison.Ordinal);
        await fleet.Nodes.IndexDomainsAsync(Token);
        await fleet.Nodes.IndexDomainsAsync(Token);

        var report = await fleet.Controls.ReportAsync(Token);

        Assert.Equal([($"{Rack}=r1", 2), ($"{Rack}=r2", 1)], report.Domains.Select(domain => (domain.Domain, domain.Nodes)));
    }

    [Fact]
    public async Task The_count_of_a_domain_follows_nodes_that_come_move_and_go()
    {
        await using var fleet = Open(await MakeAsync(), Armed(new Budget("fleet", "", Amount.Of(9)), new Budget("racks", Rack, Amount.Of(1))));
        await fleet.ReportAsync(Node("a", "r1"), Node("b", "r1"), Node("c", "r2"), Node("d"));
        await fleet.HearAsync("b", node => node with { Facts = Node("b", "r2").Facts });
        await fleet.HearAsync("d", node => node with { Facts = Node("d", "r \"+卡").Facts });
        await fleet.Nodes.WriteAsync([new NodeChange("c", Node("c"), null), new NodeChange("never", null, null)], Token);
        await fleet.Nodes.WriteAsync([new NodeChange("c", Node("c"), null)], Token);

        var report = await fleet.Controls.ReportAsync(Token);

        Assert.Equal([("the fleet", 3), ($"{Rack}=r \"+卡", 1), ($"{Rack}=r1", 1), ($"{Rack}=r2", 1)], report.Domains.Select(domain => (domain.Domain, domain.Nodes)));
        await fleet.BeatAsync();
        await fleet.AskAsync("d");
        Assert.Equal([1, 1, 0, 0], (await fleet.Controls.ReportAsync(Token)).Domains.Select(domain => domain.Unavailable));
    }

    [Fact]
    public async Task The_trail_is_read_newest_first_in_pages_and_by_filters()
    {
        await using var fleet = Open(await MakeAsync(), Policy);
        for (var at = 0; at < 5; at++)
            await fleet.Audit.WriteAsync(new AuditEntry(fleet.Time.GetUtcNow(), "token alice", at % 2 == 0 ? "node.joined" : "grant.given", $"n{at}", "", $"'; DROP TABLE audit; -- {at}\0"), Token);

        var first = await fleet.Audit.ReadAsync(new AuditQuery(null, null, null, null, 2), Token);
        var rest = await fleet.Audit.ReadAsync(new AuditQuery(first[^1].Id, null, null, null, 1000), Token);
        Assert.Equal(["n4", "n3", "n2", "n1", "n0"], first.Concat(rest).Select(entry => entry.Node));
        Assert.Equal(["n3", "n1"], (await fleet.Audit.ReadAsync(new AuditQuery(null, null, null, "grant.", 10), Token)).Select(entry => entry.Node));
        Assert.Equal("'; DROP TABLE audit; -- 2", Assert.Single(await fleet.Audit.ReadAsync(new AuditQuery(null, "n2", null, null, 10), Token)).Says);
    }

    [Fact]
    public async Task What_is_old_is_removed_and_what_is_open_stays()
    {
        await using var fleet = Open(await MakeAsync(), Policy);
        await fleet.ReportAsync(Node("a"), Node("b"));
        await fleet.AskAsync("a");
        var over = await fleet.AskAsync("b");
        await fleet.ReleaseAsync("b", over);
        await fleet.HearAsync("a", node => node with { Operations = [Step("op", "reboot", "intended"), Step("old", "reboot", "closed", "done")] });
        await fleet.HearAllAsync();
        var housekeeping = new Housekeeping(fleet.Database, fleet.Time, NullLogger<Housekeeping>.Instance);
        Assert.Equal(0, await housekeeping.SweepAsync(Token));

        fleet.Time.Advance(TimeSpan.FromDays(400));

        Assert.True(await housekeeping.SweepAsync(Token) > 0);
        Assert.Empty(await fleet.TrailAsync());
        Assert.Equal("a", Assert.Single((await fleet.Controls.ReportAsync(Token)).Grants).Node); // never given back
        Assert.Equal(1, await fleet.Database.ReadAsync(session => session.NumberAsync("SELECT count(*) FROM operations"), Token));
        Assert.Equal(2, (await fleet.Nodes.ReadSinceAsync(0, Token)).Nodes.Length);
    }

    [Fact]
    public async Task A_newer_schema_is_refused_and_left_as_it_is()
    {
        var connection = await MakeAsync();
        await using (var fleet = Open(connection, Policy))
        {
            await fleet.ReportAsync(Node("a"));
            await fleet.Database.WriteAsync(session => session.RunAsync("UPDATE schema_version SET version = 99"), Token);
        }
        await using var older = Open(connection, Policy);

        var refused = await Assert.ThrowsAsync<StoreException>(() => older.Nodes.ReadSinceAsync(0, Token));
        Assert.False(refused.IsTransient);
        Assert.Contains($"has schema 99, this aggregator knows up to {FleetSchema.Steps.Length}: run the newer aggregator", refused.Message, StringComparison.Ordinal);
        Assert.Contains("schema 99", (await older.AskAsync("a")).Why, StringComparison.Ordinal);
    }
}

public sealed class SqliteStoreTests : StoreCases, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("aifleet-").FullName;

    private string DatabaseFile => Path.Combine(_folder, "fleet.db");

    protected override Task<string> MakeAsync() => Task.FromResult($"Data Source={DatabaseFile}");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_database_of_the_first_version_is_brought_to_this_one()
    {
        await using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={DatabaseFile};Pooling=False"))
        {
            await connection.OpenAsync(Token);
            await using var command = connection.CreateCommand();
            command.CommandText = FleetSchema.Steps[0].Replace(FleetSchema.Identity, "INTEGER PRIMARY KEY AUTOINCREMENT", StringComparison.Ordinal) + $$"""
                ; INSERT INTO schema_version VALUES (1);
                INSERT INTO nodes VALUES ('a', 'i1', 1, 1, '', 0, 0, '', '["{{Rack}}=r1"]', '[]'), ('b', 'i1', 1, 1, '', 0, 0, '', '["{{Rack}}=r1"]', '[]');
                INSERT INTO node_domains VALUES ('{{Rack}}', '=r1', 'a'), ('{{Rack}}', '=r1', 'b');
                INSERT INTO grants VALUES ('op', 'a', 'g7', 7, 'reboot', 'node', 'nvidia.xid.79', 'held', 1, 1, 1, 0, '');
                """;
            await command.ExecuteNonQueryAsync(Token);
        }
        await using var fleet = Open(await MakeAsync(), Armed(new Budget("racks", Rack, Amount.Of(1))));
        await fleet.ReportAsync(Node("a", "r1") with { Sequence = 2, Operations = [Step("op", "reboot", "intended")] }, Node("b", "r1") with { Sequence = 2 });
        await fleet.BeatAsync();

        Assert.Equal(2, Assert.Single((await fleet.Controls.ReportAsync(Token)).Domains).Nodes);
        Assert.Equal($"2 of 2 nodes of {Rack}=r1 would be out of service; budget racks allows 1 (1).", (await fleet.AskAsync("b")).Why);
    }

    [Theory]
    [InlineData("this is no database at all, but long enough to be looked at as one would be looked at")]
    [InlineData(null)]
    public async Task A_broken_file_is_set_aside_and_what_the_nodes_say_fills_a_new_one(string? text)
    {
        if (text is null)
        {
            await using (var before = Open(await MakeAsync(), Policy))
                await before.ReportAsync(Many(200, 10));
            using var file = new FileStream(DatabaseFile, FileMode.Open);
            file.Seek(4096, SeekOrigin.Begin);
            file.Write(new byte[(int)file.Length - 4096].Select(_ => (byte)0x5a).ToArray());
            File.Delete(DatabaseFile + "-wal");
        }
        else
        {
            await File.WriteAllTextAsync(DatabaseFile, text, Token);
        }
        await using var fleet = Open(await MakeAsync(), Policy);

        await fleet.ReportAsync(Node("a"), Node("b"));
        await fleet.BeatAsync();

        Assert.Equal(GrantOutcome.Granted, (await fleet.AskAsync("a")).Outcome);
        Assert.Equal(1, fleet.Database.Life.Value.Number);
        Assert.NotEmpty(Directory.GetFiles(_folder, "fleet.db.corrupt-*"));
    }

    [Fact]
    public async Task A_file_of_yesterday_gives_no_number_twice_and_counts_what_the_nodes_hold()
    {
        var time = new ManualTime();
        var connection = await MakeAsync();
        var fleet = Open(connection, Policy, time);
        await fleet.ReportAsync(Many(10, 5));
        await fleet.DisposeAsync();
        File.Copy(DatabaseFile, DatabaseFile + ".backup");
        time.Advance(TimeSpan.FromHours(20));
        fleet = Open(connection, Policy, time);
        await fleet.ReportAsync(Many(10, 5));
        var (first, second) = (await fleet.AskAsync("n000"), await fleet.AskAsync("n001"));
        Assert.Equal((GrantOutcome.Granted, GrantOutcome.Granted), (first.Outcome, second.Outcome));
        await fleet.DisposeAsync();

        foreach (var file in Directory.GetFiles(_folder, "fleet.db*").Where(file => !file.EndsWith(".backup", StringComparison.Ordinal)))
            File.Delete(file);
        File.Move(DatabaseFile + ".backup", DatabaseFile);
        time.Advance(TimeSpan.FromSeconds(30));
        await using var restored = Open(connection, Policy, time);
        await restored.BeatAsync();
        Assert.Equal(GrantOutcome.Denied, (await restored.AskAsync("n002")).Outcome); // no node is in sight

        await restored.ReportAsync(Many(10, 5));
        await restored.Ledger.ReconcileAsync("n000", [Step("op", "reboot", "intended", fence: first.Fence)], Token);
        await restored.Ledger.ReconcileAsync("n001", [Step("op", "reboot", "intended", fence: second.Fence)], Token);
        Assert.StartsWith("3 of 10 nodes", (await restored.AskAsync("n002")).Why, StringComparison.Ordinal);
        Assert.Equal(GrantOutcome.Denied, (await restored.RenewAsync("n000", first)).Outcome); // what it says of its own permission is not believed
        var anew = await restored.AskAsync("n000");
        Assert.Equal(GrantOutcome.Granted, anew.Outcome);
        Assert.True(anew.Fence > second.Fence);
        Assert.Equal(["grant.found n000 op", "grant.found n001 op"], (await restored.TrailAsync()).Where(line => line.StartsWith("grant.found", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_node_that_claims_a_number_of_the_far_future_uses_no_numbers_up()
    {
        await using var fleet = Open(await MakeAsync(), Policy);
        await fleet.ReportAsync(Many(10, 5));

        var answer = await fleet.Ledger.RenewAsync(new GrantHolder("n000", "op", "g", long.MaxValue), Token);

        Assert.Equal(GrantOutcome.Denied, answer.Outcome);
        var (one, two) = (await fleet.AskAsync("n001"), await fleet.AskAsync("n002"));
        Assert.Equal(GrantOutcome.Granted, one.Outcome);
        Assert.True(one.Fence < 1L << 53);
        Assert.Equal(GrantOutcome.Denied, two.Outcome); // what it claims counts against the budget
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("Data Source=:memory:")]
    [InlineData("Host=db;Nonsense=s3cret")]
    [InlineData("Data Source=x;Nonsense=s3cret")]
    [InlineData("postgresql://aiinfra:s3cret@db/aiinfra")]
    public void A_connection_string_that_names_no_database_is_refused_with_what_would_be_right(string connection)
    {
        var refused = Assert.Throws<FormatException>(() => FleetDatabase.Open(connection, TimeProvider.System, NullLogger<FleetDatabase>.Instance));

        Assert.StartsWith("store.connection ", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Data Source=/var/lib/aiinfra/aggregator.db", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_cannot_be_made_denies_with_the_reason()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "file"), "", Token);
        await using var fleet = Open($"Data Source={Path.Combine(_folder, "file", "fleet.db")}", Policy);

        var denied = await fleet.AskAsync("a");

        Assert.Equal(GrantOutcome.Denied, denied.Outcome);
        Assert.Contains("(store.connection)", denied.Why, StringComparison.Ordinal);
    }
}

[Collection(Databases.Collection)]
public sealed class PostgresStoreTests(Databases databases) : StoreCases
{
    protected override Task<string> MakeAsync() => databases.MakeAsync();

    [Fact]
    public async Task A_database_that_is_restored_under_a_living_replica_is_noticed_before_anything_is_granted()
    {
        var connection = await databases.MakeAsync();
        var name = connection.Split("Database=")[1].Split(';')[0];
        await using var fleet = Open(connection, Policy);
        await fleet.ReportAsync(Many(10, 5));
        await CloseAsync(name);
        await databases.CopyAsync(name, $"{name}_yesterday");
        await fleet.BeatAsync();
        var held = await fleet.AskAsync("n000");
        Assert.Equal(GrantOutcome.Granted, held.Outcome);

        await CloseAsync(name);
        await databases.RunAsync($"DROP DATABASE {name}");
        await databases.RunAsync($"ALTER DATABASE {name}_yesterday RENAME TO {name}");

        var denied = await AskWhenBackAsync(fleet, "n001");
        Assert.Equal("nothing is granted yet: the database was restored to an earlier state: what was granted since is being collected from the nodes.", denied.Why);
        await fleet.BeatAsync();
        Assert.Equal(1, fleet.Database.Life.Value.Number);
        Assert.Contains("0 of 10 nodes are in sight", (await fleet.AskAsync("n001")).Why, StringComparison.Ordinal);

        await fleet.ReportAsync(Many(10, 5).Select(node => node with { Sequence = 2 }));
        await fleet.Ledger.ReconcileAsync("n000", [Step("op", "reboot", "intended", fence: held.Fence)], Token);
        var other = await fleet.AskAsync("n001");
        Assert.True(other.Outcome == GrantOutcome.Granted && other.Fence > held.Fence, other.Why);
        Assert.StartsWith("3 of 10", (await fleet.AskAsync("n002")).Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_the_server_is_away_grants_are_denied_with_the_reason_and_afterwards_all_goes_on()
    {
        Assert.SkipUnless(PostgresServer.Missing is null, PostgresServer.Missing ?? "");
        await using var server = await PostgresServer.StartAsync();
        await using var fleet = Open(server.ConnectionString("postgres") + ";Timeout=2", Policy);
        await fleet.ReportAsync(Many(10, 5));
        var held = await fleet.AskAsync("n000");

        await server.StopAsync("immediate");
        var denied = await fleet.AskAsync("n001");
        Assert.Equal(GrantOutcome.Denied, denied.Outcome);
        Assert.StartsWith("the aggregator's store does not take part: PostgreSQL ", denied.Why, StringComparison.Ordinal);
        Assert.NotNull(denied.RetryAfter);
        Assert.Equal(GrantOutcome.Denied, (await fleet.RenewAsync("n000", held)).Outcome);
        await Assert.ThrowsAsync<StoreException>(() => fleet.Nodes.WriteAsync([new NodeChange("a", null, Node("a"))], Token));

        await server.StartAgainAsync();
        Assert.Equal(GrantOutcome.Granted, (await AskWhenBackAsync(fleet, "n001")).Outcome);
        Assert.Equal(GrantOutcome.Granted, (await fleet.RenewAsync("n000", held)).Outcome); // it was on the disk
        Assert.Equal(GrantOutcome.Denied, (await fleet.AskAsync("n002")).Outcome);
    }

    [Fact]
    public async Task A_wrong_password_is_said_without_it()
    {
        Assert.SkipUnless(PostgresServer.Missing is null, PostgresServer.Missing ?? "");
        await using var fleet = Open((await databases.MakeAsync()).Replace("Database=t", "Database=none", StringComparison.Ordinal) + ";Password=s3cret", Policy);

        var denied = await fleet.AskAsync("a");

        Assert.Contains("does not exist: createdb makes it.", denied.Why, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", denied.Why, StringComparison.Ordinal);
    }

    /// <summary>Connections that were open when the server went are noticed one by one.</summary>
    private static async Task<GrantDecision> AskWhenBackAsync(TestFleet fleet, string node)
    {
        for (var attempt = 0; ; attempt++)
        {
            var decision = await fleet.AskAsync(node);
            if (attempt == 20 || !decision.Why.StartsWith("the aggregator's store", StringComparison.Ordinal))
                return decision;
        }
    }

    private Task CloseAsync(string name) => databases.RunAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
}
