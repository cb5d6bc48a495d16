using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.State;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace AIInfra.UnitTests.State;

public sealed class StateStoreTests : IDisposable
{
    private readonly StateFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void A_problem_comes_back_with_every_word_of_it()
    {
        _fixture.Health.Report(_fixture.Sighting());
        _fixture.Health.Report(_fixture.Sighting());
        _fixture.SaveAndClose();

        var problem = Assert.Single(_fixture.Open().Stored.Problems);

        var written = _fixture.Health.Current.Value.Problems[0];
        Assert.Equal(written.Evidence, problem.Evidence);
        Assert.Equal(written, problem with { Evidence = written.Evidence });
        Assert.Equal((2L, "boot-a", TimeSpan.FromMinutes(5)), (problem.Count, problem.BootId, problem.Clearing.Quiet));
    }

    [Fact]
    public void A_board_restored_from_it_shows_the_device_unhealthy_before_any_driver_answers()
    {
        _fixture.Health.Report(_fixture.Sighting());
        _fixture.SaveAndClose();

        using var board = new HealthBoard(_fixture.Time, "boot-a", _fixture.Open().Stored.Problems);

        Assert.False(board.Current.Value.IsHealthy("GPU-0"));
    }

    [Fact]
    public void An_inventory_comes_back_as_not_asked_yet_with_the_boot_it_is_from()
    {
        _fixture.Inventory.Publish(StateFixture.Vendor());
        _fixture.SaveAndClose();

        var stored = _fixture.Open().Stored;

        var vendor = Assert.Single(stored.Inventories);
        Assert.Equal((VendorState.Starting, "570.124.06", true), (vendor.State, vendor.DriverVersion, vendor.IsSimulated));
        var written = StateFixture.Vendor().Devices[0];
        Assert.Equal(written.DeviceNodes, vendor.Devices[0].DeviceNodes);
        Assert.Equal(written.Links, vendor.Devices[0].Links);
        Assert.Equal(written, vendor.Devices[0] with { DeviceNodes = written.DeviceNodes, Links = written.Links });
        Assert.Equal("boot-a", stored.InventoryBootIds["nvidia"]);
        Assert.False(stored.IsIncomplete);
    }

    [Theory]
    [InlineData(VendorState.Starting, true)]
    [InlineData(VendorState.Unavailable, true)]
    [InlineData(VendorState.Absent, false)]
    public void A_vendor_that_does_not_answer_keeps_its_stored_devices_and_one_that_is_gone_loses_them(VendorState state, bool stays)
    {
        _fixture.Inventory.Publish(StateFixture.Vendor());
        _fixture.SaveAndClose();

        _fixture.Inventory.Publish(StateFixture.Vendor(state) with { Devices = [] });
        _fixture.SaveAndClose();

        Assert.Equal(stays ? 1 : 0, _fixture.Open().Stored.Inventories.Length);
    }

    [Fact]
    public void A_cleared_problem_is_gone_from_the_disk_also_when_it_was_restored()
    {
        _fixture.Health.Report(_fixture.Sighting());
        _fixture.Health.Report(_fixture.Sighting("nvidia.xid.48"));
        _fixture.SaveAndClose();

        using (var store = _fixture.Open())
        {
            using var board = new HealthBoard(_fixture.Time, "boot-a", store.Stored.Problems);
            board.Clear("nvidia.xid.79", Subject.Device("GPU-0"));
            store.Save(board.Current.Value, NodeInventory.Empty, "boot-a");
        }

        Assert.Equal(["nvidia.xid.48"], _fixture.Open().Stored.Problems.Select(problem => problem.Id));
    }

    [Fact]
    public void A_missing_folder_is_made_for_root_only()
    {
        _fixture.SaveAndClose();

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_fixture.Folder));
        Assert.Empty(_fixture.Log.Lines);
    }

    [Theory]
    [InlineData("random bytes")]
    [InlineData("cut short")]
    [InlineData("another program's database")]
    public void A_corrupt_database_is_set_aside_and_said_and_a_new_one_works(string how)
    {
        _fixture.Health.Report(_fixture.Sighting());
        _fixture.SaveAndClose();
        Spoil(how);

        using (var store = _fixture.Open())
        {
            Assert.True(store.Stored.IsIncomplete);
            Assert.Empty(store.Stored.Problems);
            _fixture.Save(store);
        }

        Assert.True(File.Exists(_fixture.File + ".corrupt-20260203T040506Z"));
        var (level, text) = Assert.Single(_fixture.Log.Lines);
        Assert.Equal(LogLevel.Warning, level);
        Assert.Contains("state.db.corrupt-20260203T040506Z", text, StringComparison.Ordinal);
        Assert.Single(_fixture.Open().Stored.Problems);
    }

    [Fact]
    public void A_database_of_a_newer_agent_is_set_aside_unchanged()
    {
        _fixture.Health.Report(_fixture.Sighting());
        _fixture.SaveAndClose();
        Execute("UPDATE schema_version SET version = 7");

        Assert.True(_fixture.Open().Stored.IsIncomplete);

        Assert.Contains("schema 7", Assert.Single(_fixture.Log.Lines).Text, StringComparison.Ordinal);
        using var aside = new SqliteConnection($"Data Source={_fixture.File}.newer-20260203T040506Z;Pooling=False");
        aside.Open();
        using var count = aside.CreateCommand();
        count.CommandText = "SELECT count(*) FROM problems";
        Assert.Equal(1L, count.ExecuteScalar());
    }

    [Fact]
    public void Only_the_newest_five_set_aside_are_kept()
    {
        for (var start = 0; start < 8; start++)
        {
            Directory.CreateDirectory(_fixture.Folder);
            File.WriteAllText(_fixture.File, "not a database, but long enough to be looked at as one, whatever it says here");
            using var store = _fixture.Open();
            _fixture.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(5, Directory.GetFiles(_fixture.Folder, "state.db.corrupt-*Z").Length);
        Assert.True(File.Exists(_fixture.File + ".corrupt-20260203T040513Z"));
    }

    [Fact]
    public void A_row_that_cannot_be_read_is_left_out_and_the_others_stand()
    {
        _fixture.Health.Report(_fixture.Sighting());
        _fixture.Health.Report(_fixture.Sighting("nvidia.xid.48"));
        _fixture.SaveAndClose();
        Execute("UPDATE problems SET body = x'7b7d' WHERE id = 'nvidia.xid.79'");

        var stored = _fixture.Open().Stored;

        Assert.Equal("nvidia.xid.48", Assert.Single(stored.Problems).Id);
        Assert.True(stored.IsIncomplete);
        Assert.Contains("1 rows", Assert.Single(_fixture.Log.Lines).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_one_warning_with_what_to_do()
    {
        _fixture.Folder = "/proc/version/aiinfra"; // below a file: refused to root as well

        Assert.True(_fixture.Open().Stored.IsIncomplete);

        var (level, text) = Assert.Single(_fixture.Log.Lines);
        Assert.Equal(LogLevel.Warning, level);
        Assert.Contains("/proc/version/aiinfra (state.path)", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_disk_that_hangs_at_the_start_is_not_waited_for_and_what_it_holds_is_not_lost()
    {
        _fixture.Health.Report(_fixture.Sighting());
        _fixture.SaveAndClose();
        _fixture.Health.Clear("nvidia.xid.79", Subject.Device("GPU-0"));
        _fixture.Health.Report(_fixture.Sighting("nvidia.xid.48"));

        using var disk = new ManualResetEventSlim();
        using (var store = _fixture.Open(file => { disk.Wait(); return StateDatabase.Open(file); }, patience: TimeSpan.FromMilliseconds(1)))
        {
            Assert.True(store.Stored.IsIncomplete);
            Assert.Contains("did not load within", Assert.Single(_fixture.Log.Lines).Text, StringComparison.Ordinal);
            disk.Set();
            _fixture.Save(store); // after the late load, whose rows are not its own to remove
        }

        Assert.Equal(["nvidia.xid.48", "nvidia.xid.79"], _fixture.Open().Stored.Problems.Select(problem => problem.Id).Order());
    }

    [Fact]
    public void A_database_that_breaks_while_it_is_used_is_set_aside_and_written_anew()
    {
        _fixture.Health.Report(_fixture.Sighting());
        using (var store = _fixture.Open())
        {
            _fixture.Save(store);
            store.Dispose(); // the next call opens it again
            Spoil("random bytes");
            _fixture.Health.Report(_fixture.Sighting("nvidia.xid.48"));
            _fixture.Save(store);
        }

        Assert.Equal(2, _fixture.Open().Stored.Problems.Length);
    }

    private void Spoil(string how)
    {
        switch (how)
        {
            case "random bytes":
                var bytes = new byte[20_000];
                new Random(7).NextBytes(bytes);
                File.WriteAllBytes(_fixture.File, bytes);
                break;
            case "cut short":
                using (var file = File.OpenWrite(_fixture.File))
                    file.SetLength(file.Length / 2);
                break;
            default:
                File.Delete(_fixture.File);
                Execute("CREATE TABLE songs (title TEXT)");
                break;
        }
    }

    private void Execute(string text)
    {
        using var connection = new SqliteConnection($"Data Source={_fixture.File};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = text;
        command.ExecuteNonQuery();
    }
}
