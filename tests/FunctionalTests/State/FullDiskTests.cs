using System.Diagnostics;
using System.Text.Json;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Journal;
using AIInfra.Core.State;
using AIInfra.Testing;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.FunctionalTests.State;

/// <summary>The state on a real file system that is full or read-only.</summary>
public sealed class FullDiskTests : IAsyncLifetime
{
    private const int Size = 1024 * 1024;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly DirectoryInfo _mount = Directory.CreateTempSubdirectory("aiinfra-disk-");
    private readonly ManualTime _time = new();
    private readonly WorkerBoard _workers = new();
    private readonly InventoryBoard _inventory = new();
    private readonly HealthBoard _health;
    private bool _isMounted;

    public FullDiskTests() => _health = new HealthBoard(_time, "boot", []);

    private string Filler => Path.Combine(_mount.FullName, "filler");

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Needs root, to mount a small file system.");
        var (exitCode, errors) = await RunAsync("mount", "-t", "tmpfs", "-o", $"size={Size}", "aiinfra-test", _mount.FullName);
        Assert.SkipUnless(exitCode == 0, $"Needs to mount a tmpfs, which is refused here: {errors}");
        _isMounted = true;
    }

    public async ValueTask DisposeAsync()
    {
        if (_isMounted)
            await RunAsync("umount", _mount.FullName);
        _mount.Delete();
        _health.Dispose();
    }

    [Fact]
    public async Task A_full_disk_delays_nothing_is_said_with_what_to_do_and_nothing_is_lost_when_there_is_room_again()
    {
        using var stop = new CancellationTokenSource(Deadline);
        using var store = StateStore.Open(_mount.FullName, _time, NullLogger<StateStore>.Instance);
        var writer = new StateWriter(store, new StateBoards(_health, _inventory, _workers), _time, NullLogger<StateWriter>.Instance).RunAsync(stop.Token);
        await _time.WhenWaitingAsync(TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(1));
        Fill();

        for (var device = 0; device < 200; device++)
            _health.Report(Sighting(device));
        Assert.False(_health.Current.Value.IsHealthy("GPU-199"));
        await _time.WhenWaitingAsync(TimeSpan.FromSeconds(10));
        var part = _workers.Parts[StateWriter.Part];
        Assert.False(part.IsReady);
        Assert.Contains($"The disk that holds {_mount.FullName} (state.path) is full: free some space.", part.Detail, StringComparison.Ordinal);

        File.Delete(Filler);
        _time.Advance(TimeSpan.FromSeconds(10));
        await _time.WhenWaitingAsync(TimeSpan.FromSeconds(1));
        Assert.True(_workers.Parts[StateWriter.Part].IsReady);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writer);
        store.Dispose();

        using var next = StateStore.Open(_mount.FullName, _time, NullLogger<StateStore>.Instance);
        Assert.Equal(200, next.Stored.Problems.Length);
    }

    [Fact]
    public async Task A_full_disk_refuses_the_intent_and_an_outcome_it_refused_is_written_when_there_is_room_again()
    {
        using var journal = new RemediationJournal(_mount.FullName, _time, NullLogger<RemediationJournal>.Instance);
        var first = Step("a1-0");
        Assert.Null(await journal.IntendAsync(first));
        Fill();

        Assert.Equal($"The disk that holds {_mount.FullName} (state.path) is full: free some space.", await journal.RecordAsync(first.With(ActionResult.Failed("f"), _time.GetUtcNow())));
        Assert.Equal(StepState.Closed, journal.History.Records[0].State);
        Assert.Contains("is full", await journal.IntendAsync(Step("a2-0")), StringComparison.Ordinal);
        File.Delete(Filler);
        Assert.Null(await journal.RecoverAsync());
        journal.Dispose();

        using var next = new RemediationJournal(_mount.FullName, _time, NullLogger<RemediationJournal>.Instance);
        Assert.Null(await next.RecoverAsync());
        Assert.Equal(ActionResult.Failed("f"), Assert.Single(next.History.Records).Result);
    }

    [Fact]
    public void A_full_disk_does_not_keep_an_older_state_from_being_read()
    {
        using (var first = new SqliteConnection($"Data Source={Path.Combine(_mount.FullName, "state.db")};Pooling=False"))
        {
            first.Open();
            using var make = first.CreateCommand();
            make.CommandText = StateSchema.Steps[0] + "INSERT INTO schema_version VALUES (1); INSERT INTO problems VALUES ('nvidia.xid.79', 'Device', 'GPU-0', 'boot', $1)";
            _health.Report(Sighting(0));
            make.Parameters.AddWithValue("$1", JsonSerializer.SerializeToUtf8Bytes(_health.Current.Value.Problems[0], StateJson.Default.Problem));
            make.ExecuteNonQuery();
        }
        Fill();

        using (var full = StateStore.Open(_mount.FullName, _time, NullLogger<StateStore>.Instance))
            Assert.Equal("GPU-0", Assert.Single(full.Stored.Problems).Subject.Id);

        File.Delete(Filler);
        using var store = StateStore.Open(_mount.FullName, _time, NullLogger<StateStore>.Instance);
        Assert.Single(store.Stored.Problems);
        store.Save(_health.Current.Value, NodeInventory.Empty, "boot");
        using var again = StateStore.Open(_mount.FullName, _time, NullLogger<StateStore>.Instance);
        Assert.Single(again.Stored.Transitions);
    }

    [Fact]
    public async Task A_disk_that_turned_read_only_is_said_and_the_stored_state_is_still_read()
    {
        using (var store = StateStore.Open(_mount.FullName, _time, NullLogger<StateStore>.Instance))
        {
            _health.Report(Sighting(0));
            store.Save(_health.Current.Value, NodeInventory.Empty, "boot");
        }
        Assert.Equal(0, (await RunAsync("mount", "-o", "remount,ro", _mount.FullName)).ExitCode);

        using var stop = new CancellationTokenSource(Deadline);
        using var again = StateStore.Open(_mount.FullName, _time, NullLogger<StateStore>.Instance);
        _health.Report(Sighting(1));
        var writer = new StateWriter(again, new StateBoards(_health, _inventory, _workers), _time, NullLogger<StateWriter>.Instance).RunAsync(stop.Token);
        await _time.WhenWaitingAsync(TimeSpan.FromSeconds(10));

        Assert.Equal("GPU-0", Assert.Single(again.Stored.Problems).Subject.Id);
        Assert.Contains($"{_mount.FullName} (state.path) cannot be opened for writing: make the folder", _workers.Parts[StateWriter.Part].Detail, StringComparison.Ordinal);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writer);
    }

    private StepRecord Step(string id) => new()
    {
        Step = new ActionStep
        {
            Id = id,
            Operation = id.Split('-')[0],
            Action = "reset-device",
            Arguments = [new string('x', 8000)], // more than what is left of a page
            Subject = Subject.Device("GPU-0"),
            ProblemId = "nvidia.xid.79",
            Deadline = TimeSpan.FromMinutes(5),
            BootId = "boot",
        },
        Ladder = "reset-device",
        Rung = 0,
        IsRung = true,
        State = StepState.Intended,
        IntendedAt = _time.GetUtcNow(),
    };

    private void Fill()
    {
        try
        {
            using var filler = File.Create(Filler, bufferSize: 0);
            for (var written = 0; written < Size; written += 4096)
                filler.Write(new byte[4096]);
        }
        catch (IOException)
        {
            // Full, as wanted.
        }
    }

    private ProblemReport Sighting(int device) => new()
    {
        Id = "nvidia.xid.79",
        Subject = Subject.Device($"GPU-{device}"),
        Severity = Severity.Fatal,
        Cause = Cause.Hardware,
        Action = SuggestedAction.Reboot,
        Clearing = Clearing.OnBoot,
        Message = "The GPU fell off the bus.",
        Evidence = new string('x', 300),
        At = _time.GetUtcNow(),
    };

    private static async Task<(int ExitCode, string Errors)> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        using var deadline = new CancellationTokenSource(Deadline);
        var errors = await process.StandardError.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        return (process.ExitCode, errors.Trim());
    }
}
