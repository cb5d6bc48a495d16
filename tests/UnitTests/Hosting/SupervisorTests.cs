using AIInfra.Core.Hosting;
using AIInfra.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.UnitTests.Hosting;

public sealed class SupervisorTests
{
    private readonly ManualTime _time = new();
    private readonly WorkerBoard _board = new();

    private Supervisor Supervise(IWorker worker) => new("a worker", worker, _board, _time, NullLogger<Supervisor>.Instance);

    /// <summary>Does what the test says at each start.</summary>
    private sealed class Scripted(Func<int, CancellationToken, Task> run) : IWorker
    {
        private int _starts;

        public Task RunAsync(CancellationToken cancellationToken) => run(Interlocked.Increment(ref _starts), cancellationToken);
    }

    [Fact]
    public async Task A_worker_that_fails_is_started_again_after_1_2_and_4_seconds()
    {
        using var supervisor = Supervise(new Scripted((start, _) => throw new InvalidOperationException($"fault of start {start}")));
        await supervisor.StartAsync(TestContext.Current.CancellationToken);

        foreach (var (faults, wait) in ((int, int)[])[(1, 1), (2, 2), (3, 4)])
        {
            await _time.WhenWaitingAsync(TimeSpan.FromSeconds(wait));
            Assert.Equal(new PartState("a worker", false, $"fault of start {faults}", faults), _board.Parts["a worker"]);
            _time.Advance(TimeSpan.FromSeconds(wait));
        }

        await _time.WhenWaitingAsync(TimeSpan.FromSeconds(8));
        await supervisor.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task After_ten_quiet_minutes_a_fault_counts_as_the_first()
    {
        using var quiet = new SemaphoreSlim(0);
        using var supervisor = Supervise(new Scripted(async (start, stop) =>
        {
            if (start == 3)
                await quiet.WaitAsync(stop);
            throw new InvalidOperationException("again");
        }));
        await supervisor.StartAsync(TestContext.Current.CancellationToken);
        foreach (var wait in (int[])[1, 2])
        {
            await _time.WhenWaitingAsync(TimeSpan.FromSeconds(wait));
            _time.Advance(TimeSpan.FromSeconds(wait));
        }

        await _time.WhenWaitingAsync(TimeSpan.FromSeconds(5)); // the third start, which goes well for a while
        Assert.False(_board.Parts["a worker"].IsReady);
        _time.Advance(TimeSpan.FromSeconds(5));
        while (!_board.Parts["a worker"].IsReady)
            await Task.Yield();
        _time.Advance(TimeSpan.FromMinutes(11));
        quiet.Release();

        await _time.WhenWaitingAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(1, _board.Parts["a worker"].Faults);
        await supervisor.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_worker_that_is_done_stays_ready_and_is_not_started_again()
    {
        using var supervisor = Supervise(new Scripted((_, _) => Task.CompletedTask));
        await supervisor.StartAsync(TestContext.Current.CancellationToken);
        await supervisor.ExecuteTask!;

        Assert.True(_board.IsReady);
        Assert.Empty(_time.Waits);
    }

    [Fact]
    public async Task A_stop_ends_a_worker_in_the_middle_and_also_the_wait_for_its_next_start()
    {
        using var running = Supervise(new Scripted((_, stop) => Task.Delay(Timeout.InfiniteTimeSpan, stop)));
        await running.StartAsync(TestContext.Current.CancellationToken);
        await running.StopAsync(TestContext.Current.CancellationToken);
        Assert.True(running.ExecuteTask!.IsCompletedSuccessfully || running.ExecuteTask.IsCanceled);

        using var failing = Supervise(new Scripted((_, _) => throw new InvalidOperationException("broken")));
        await failing.StartAsync(TestContext.Current.CancellationToken);
        await _time.WhenWaitingAsync(TimeSpan.FromSeconds(1));
        await failing.StopAsync(TestContext.Current.CancellationToken);
        Assert.True(failing.ExecuteTask!.IsCompletedSuccessfully);
    }
}
