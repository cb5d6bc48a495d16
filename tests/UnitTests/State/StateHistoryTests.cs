using System.Text.Json;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.State;
using AIInfra.Core.VendorHost;
using Microsoft.Data.Sqlite;

namespace AIInfra.UnitTests.State;

/// <summary>What came with the second version of the state: the history, releases, incidents, and the way from the first.</summary>
public sealed class StateHistoryTests : IDisposable
{
    private static readonly Subject Gpu = Subject.Device("GPU-0");
    private readonly StateFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void What_came_and_went_is_there_after_a_restart_and_goes_on()
    {
        _fixture.Health.Report(_fixture.Sighting());
        using (var store = _fixture.Open())
        {
            _fixture.Save(store);
            _fixture.Health.Clear("nvidia.xid.79", Gpu);
            _fixture.Save(store);
            _fixture.Save(store);
        }

        using (var store = _fixture.Open())
        {
            using var board = new HealthBoard(_fixture.Time, "boot-b", store.Stored.Problems, store.Stored.Transitions);
            Assert.Equal(_fixture.Health.Current.Value.Transitions, board.Current.Value.Transitions);
            board.Report(_fixture.Sighting("nvidia.xid.48"));
            store.Save(board.Current.Value, NodeInventory.Empty, "boot-b");
        }

        Assert.Equal(
            [(TransitionKind.Raised, "boot-a"), (TransitionKind.Cleared, "boot-a"), (TransitionKind.Raised, "boot-b")],
            _fixture.Open().Stored.Transitions.Select(step => (step.Kind, step.BootId)));
    }

    [Fact]
    public void The_disk_keeps_five_boots_and_a_thousand_steps()
    {
        for (var boot = 1; boot <= 7; boot++)
        {
            using var store = _fixture.Open();
            using var board = new HealthBoard(_fixture.Time, $"boot-{boot}", [], store.Stored.Transitions);
            for (var turn = 0; turn < 150; turn++)
            {
                board.Report(_fixture.Sighting());
                board.Clear("nvidia.xid.79", Gpu);
            }
            store.Save(board.Current.Value, NodeInventory.Empty, $"boot-{boot}");
        }

        Assert.Equal(HealthBoard.HistoryLength, Count("transitions"));
        var boots = _fixture.Open().Stored.Transitions.Select(step => step.BootId).Distinct();
        Assert.Equal(["boot-4", "boot-5", "boot-6", "boot-7"], boots);

        for (var boot = 8; boot <= 14; boot++)
        {
            using var store = _fixture.Open();
            using var board = new HealthBoard(_fixture.Time, $"boot-{boot}", [], store.Stored.Transitions);
            board.Report(_fixture.Sighting());
            store.Save(board.Current.Value, NodeInventory.Empty, $"boot-{boot}");
        }
        Assert.Equal(HealthBoard.HistoryBoots, Count("transitions"));
    }

    [Fact]
    public void A_release_stands_until_it_is_resumed()
    {
        var since = _fixture.Time.GetUtcNow();
        using (var store = _fixture.Open())
            store.Save(HealthSnapshot.Empty, NodeInventory.Empty, "boot-a", [], [new VendorRelease("nvidia", since, Asked: 3)]);
        using (var store = _fixture.Open())
        {
            Assert.Equal([new VendorRelease("nvidia", since)], store.Stored.Releases);
            store.Save(HealthSnapshot.Empty, NodeInventory.Empty, "boot-a", []);
        }

        Assert.Empty(_fixture.Open().Stored.Releases);
    }

    [Fact]
    public void An_incident_and_a_held_problem_come_back_as_they_were()
    {
        for (var turn = 0; turn < 5; turn++)
        {
            _fixture.Health.Report(_fixture.Sighting() with { Clearing = Clearing.OnHealthyReading, Rank = 1000, FlapWindow = TimeSpan.FromMinutes(3) });
            _fixture.Health.ReportHealthy("nvidia.xid.79", Gpu, "fine");
        }
        _fixture.SaveAndClose();

        var problem = Assert.Single(_fixture.Open().Stored.Problems);

        var written = _fixture.Health.Current.Value.Problems[0];
        Assert.Equal((4, "read healthy: fine", 1000, TimeSpan.FromMinutes(3)), (problem.Flaps, problem.Over, problem.Rank, problem.FlapWindow));
        Assert.Equal(written, problem with { Evidence = written.Evidence });
        Assert.NotNull(problem.Incident);
    }

    [Fact]
    public void A_state_of_the_first_version_is_taken_over_whole_and_once()
    {
        WriteFirstVersion();

        using (var store = _fixture.Open())
        {
            Assert.False(store.Stored.IsIncomplete);
            var problem = Assert.Single(store.Stored.Problems);
            Assert.Equal(("nvidia.xid.79", 7L, 0, null), (problem.Id, problem.Count, problem.Flaps, problem.Incident));
            Assert.Equal("GPU-0", Assert.Single(store.Stored.Inventories).Devices[0].Id);
            using var board = new HealthBoard(_fixture.Time, "boot-a", store.Stored.Problems, store.Stored.Transitions);
            Assert.Equal("nvidia.xid.79", board.Current.Value.Problems[0].Incident!.Headline);
            board.Report(_fixture.Sighting("nvidia.xid.48"));
            store.Save(board.Current.Value, NodeInventory.Empty, "boot-a");
        }

        var again = _fixture.Open().Stored;
        Assert.Equal(2, again.Problems.Length);
        Assert.Single(again.Transitions);
        Assert.Equal(2L, Scalar("SELECT max(version) FROM schema_version"));
        Assert.Empty(_fixture.Log.Lines);
    }

    [Fact]
    public void A_power_cut_in_the_middle_of_a_write_leaves_what_was_written_before()
    {
        _fixture.Health.Report(_fixture.Sighting());
        _fixture.SaveAndClose();
        Execute("PRAGMA journal_mode=WAL");
        using (var cut = new SqliteConnection($"Data Source={_fixture.File};Pooling=False"))
        {
            cut.Open();
            using var begin = cut.CreateCommand();
            begin.CommandText = "PRAGMA wal_autocheckpoint=0; INSERT INTO transitions (boot_id, body) VALUES ('whole', x'00'); BEGIN; DELETE FROM problems;";
            begin.ExecuteNonQuery();
            File.Copy(_fixture.File, _fixture.File + ".cut");
            File.Copy(_fixture.File + "-wal", _fixture.File + ".cut-wal");
        }
        foreach (var file in (string[])["", "-wal"])
            File.Move(_fixture.File + ".cut" + file, _fixture.File + file, overwrite: true);
        using (var log = File.OpenWrite(_fixture.File + "-wal"))
            log.SetLength(log.Length - 100); // its last frame is torn

        var stored = _fixture.Open().Stored;

        Assert.Equal("nvidia.xid.79", Assert.Single(stored.Problems).Id);
    }

    [Fact]
    public void A_step_that_cannot_be_read_is_left_out_and_the_others_stand()
    {
        _fixture.Health.Report(_fixture.Sighting());
        _fixture.SaveAndClose();
        Execute("INSERT INTO transitions (boot_id, body) VALUES ('boot-a', x'7b7d')");

        Assert.Single(_fixture.Open().Stored.Transitions);
    }

    private void WriteFirstVersion()
    {
        Directory.CreateDirectory(_fixture.Folder);
        Execute(StateSchema.Steps[0] + "INSERT INTO schema_version VALUES (1);");
        const string Problem = """
            {"Id":"nvidia.xid.79","Subject":{"Kind":"Device","Id":"GPU-0"},"Severity":"Fatal","Cause":"Hardware","Action":"Reboot","Clearing":{"Kind":"Boot","Quiet":"00:00:00"},
            "Message":"The GPU fell off the bus.","FirstSeen":"2026-02-03T04:00:00+00:00","LastSeen":"2026-02-03T04:05:00+00:00","Count":7,"Evidence":["NVRM: Xid"],"BootId":"boot-a"}
            """;
        using var connection = Connect();
        using var command = connection.CreateCommand();
        command.CommandText = "INSERT INTO problems VALUES ('nvidia.xid.79', 'Device', 'GPU-0', 'boot-a', $1); INSERT INTO inventories VALUES ('nvidia', 'boot-a', $2)";
        command.Parameters.AddWithValue("$1", System.Text.Encoding.UTF8.GetBytes(Problem));
        command.Parameters.AddWithValue("$2", JsonSerializer.SerializeToUtf8Bytes(StateFixture.Vendor(), StateJson.Default.VendorInventory));
        command.ExecuteNonQuery();
    }

    private long Count(string table) => (long)Scalar($"SELECT count(*) FROM {table}")!;

    private object? Scalar(string text)
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
        command.CommandText = text;
        return command.ExecuteScalar();
    }

    private void Execute(string text) => Scalar(text);

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={_fixture.File};Pooling=False");
        connection.Open();
        return connection;
    }
}
