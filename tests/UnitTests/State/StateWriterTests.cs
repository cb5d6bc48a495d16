using AIInfra.Core.Devices;
using AIInfra.Core.State;
using AIInfra.Testing;
using Microsoft.Extensions.Logging;

namespace AIInfra.UnitTests.State;

public sealed class StateWriterTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly StateFixture _fixture = new();
    private readonly RecordedLog<StateWriter> _log = new();
    private readonly CancellationTokenSource _stop = new(Deadline);

    public void Dispose()
    {
        _stop.Dispose();
        _fixture.Dispose();
    }

    private Task Start(StateStore store) =>
        new StateWriter(store, new StateBoards(_fixture.Health, _fixture.Inventory, _fixture.Workers), _fixture.Time, _log).RunAsync(_stop.Token);

    private async Task EndAsync(Task writer)
    {
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writer);
    }

    private IEnumerable<string> StoredIds()
    {
        using var store = new StateStore(_fixture.Folder, _fixture.Time, _log, StateDatabase.Open);
        store.Load(Deadline);
        return store.Stored.Problems.Select(problem => problem.Id);
    }

    [Fact]
    public async Task A_change_is_written_and_the_next_ones_of_a_second_together()
    {
        var writer = Start(_fixture.Open());
        await _fixture.Time.WhenWaitingAsync(TimeSpan.FromSeconds(1));
        _fixture.Time.Advance(TimeSpan.FromSeconds(1)); // it now waits for a change

        _fixture.Health.Report(_fixture.Sighting("first"));
        await _fixture.Time.WhenWaitingAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(["first"], StoredIds());

        _fixture.Health.Report(_fixture.Sighting("second"));
        _fixture.Health.Report(_fixture.Sighting("third"));
        Assert.Equal(["first"], StoredIds());
        _fixture.Time.Advance(TimeSpan.FromSeconds(1));
        await _fixture.Time.WhenWaitingAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(3, StoredIds().Count());

        Assert.True(_fixture.Workers.Parts[StateWriter.Part].IsReady);
        await EndAsync(writer);
    }

    [Fact]
    public async Task The_devices_of_a_vendor_that_falls_silent_before_its_first_write_are_kept()
    {
        var writer = Start(_fixture.Open());
        await _fixture.Time.WhenWaitingAsync(TimeSpan.FromSeconds(1));
        var ready = TestGpus.Inventory([.. TestGpus.Switched(2)]);

        _fixture.Inventory.Publish(ready);
        _fixture.Inventory.Publish(ready with { State = VendorState.Unavailable, Reason = "silent" });
        await EndAsync(writer);

        using var again = _fixture.Open();
        Assert.Equal(2, again.Stored.Inventories.Single().Devices.Length);
    }

    [Fact]
    public async Task What_changed_just_before_the_end_is_written()
    {
        var writer = Start(_fixture.Open());
        await _fixture.Time.WhenWaitingAsync(TimeSpan.FromSeconds(1));

        _fixture.Health.Report(_fixture.Sighting("last"));
        await EndAsync(writer);

        Assert.Equal(["last"], StoredIds());
    }

    [Fact]
    public async Task A_folder_that_refuses_is_said_once_shown_as_not_ready_and_tried_again()
    {
        var file = _fixture.Folder;
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllTextAsync(file, "a file where the folder should be", _stop.Token);
        var writer = Start(_fixture.Open());

        await _fixture.Time.WhenWaitingAsync(TimeSpan.FromSeconds(10));
        _fixture.Health.Report(_fixture.Sighting("seen meanwhile"));
        Assert.False(_fixture.Health.Current.Value.IsHealthy("GPU-0"));
        _fixture.Time.Advance(TimeSpan.FromSeconds(10));
        await _fixture.Time.WhenWaitingAsync(TimeSpan.FromSeconds(10));
        var part = _fixture.Workers.Parts[StateWriter.Part];
        Assert.False(part.IsReady);
        Assert.Contains($"{_fixture.Folder} (state.path)", part.Detail, StringComparison.Ordinal);
        Assert.Single(_log.Lines, line => line.Level == LogLevel.Warning);

        File.Delete(file);
        _fixture.Time.Advance(TimeSpan.FromSeconds(10));
        await _fixture.Time.WhenWaitingAsync(TimeSpan.FromSeconds(1));
        Assert.True(_fixture.Workers.Parts[StateWriter.Part].IsReady);
        Assert.Equal(["seen meanwhile"], StoredIds());
        await EndAsync(writer);
    }

    [Fact]
    public async Task A_disk_that_hangs_delays_no_report_and_is_shown_after_five_seconds()
    {
        using var disk = new ManualResetEventSlim(true);
        var opened = 0;
        var store = _fixture.Open(file =>
        {
            if (opened++ > 0)
                disk.Wait();
            return StateDatabase.Open(file);
        });
        store.Dispose(); // so that the first write has to open it
        disk.Reset();
        var writer = Start(store);
        await _fixture.Time.WhenWaitingAsync(TimeSpan.FromSeconds(5));

        _fixture.Health.Report(_fixture.Sighting("while it hangs"));
        Assert.False(_fixture.Health.Current.Value.IsHealthy("GPU-0"));
        var hung = WaitForPartAsync(isReady: false);
        _fixture.Time.Advance(TimeSpan.FromSeconds(5));
        await hung;
        Assert.Contains("has not answered for 5 s", _fixture.Workers.Parts[StateWriter.Part].Detail, StringComparison.Ordinal);

        disk.Set();
        await _fixture.Time.WhenWaitingAsync(TimeSpan.FromSeconds(1));
        _fixture.Time.Advance(TimeSpan.FromSeconds(1));
        await _fixture.Time.WhenWaitingAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(["while it hangs"], StoredIds());
        Assert.True(_fixture.Workers.Parts[StateWriter.Part].IsReady);
        await EndAsync(writer);
    }

    private async Task WaitForPartAsync(bool isReady)
    {
        while (_fixture.Workers.Parts.GetValueOrDefault(StateWriter.Part)?.IsReady != isReady)
        {
            _stop.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
