using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Logs;
using AIInfra.Core.Hosting;
using AIInfra.Core.State;
using AIInfra.Testing;
using AIInfra.Vendors;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.UnitTests.Logs;

/// <summary>The fabric manager's file, as it grows and is rotated.</summary>
public sealed class LogFileWorkerTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("logfile-");
    private readonly HealthBoard _board;
    private readonly CancellationTokenSource _stop = new();
    private StateStore _store;

    public LogFileWorkerTests()
    {
        _board = new HealthBoard(_time, "boot", []);
        _store = OpenStore();
    }

    private string Log => Path.Combine(_folder.FullName, "fabricmanager.log");

    public void Dispose()
    {
        _stop.Dispose();
        _store.Dispose();
        _board.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task What_comes_is_told_once_and_what_was_there_before_is_not()
    {
        Append(1);
        await using var run = Start();
        await run.LookAsync();
        Assert.Equal(0, Count);

        Append(2);
        await run.LookAsync();
        await run.LookAsync();

        Assert.Equal(1, Count);
        Assert.Equal(Subject.Device("0000:87:00.0"), Assert.Single(_board.Current.Value.Problems).Subject);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_file_that_is_rotated_loses_no_line(bool isRenamed)
    {
        Append(1);
        await using var run = Start();
        await run.LookAsync();
        Append(2);
        if (isRenamed)
        {
            File.Move(Log, Log + ".1"); // its last line was not read yet
        }
        else
        {
            await run.LookAsync();
            File.WriteAllText(Log, ""); // copied, and cut
        }
        await run.LookAsync();
        Append(3);
        await run.LookAsync();

        Assert.Equal(2, Count);
    }

    [Fact]
    public async Task A_file_that_comes_later_is_read_from_its_beginning_and_half_a_line_waits_for_its_other_half()
    {
        await using var run = Start();
        await run.LookAsync();
        var line = Line(1);
        File.AppendAllText(Log, line[..60]);
        await run.LookAsync();
        Assert.Equal(0, Count);
        File.AppendAllText(Log, line[60..]);
        await run.LookAsync();

        Assert.Equal(1, Count);
    }

    [Fact]
    public async Task After_a_restart_it_goes_on_where_it_stopped()
    {
        Append(1);
        var positions = new ReadingPositions();
        await using (var run = Start(positions))
        {
            await run.LookAsync();
            Append(2);
            await run.LookAsync();
        }
        _store.Save(_board.Current.Value, new InventoryBoard().Current.Value, "boot", positions.Take(), []);
        _store.Dispose();
        _store = OpenStore();
        Append(3);

        await using var next = Start();
        await next.LookAsync();

        Assert.Equal(2, Count);
    }

    private long Count => _board.Current.Value.Problems.Sum(problem => problem.Count);

    private StateStore OpenStore() => StateStore.Open(_folder.FullName, _time, NullLogger<StateStore>.Instance);

    private static string Line(int port) => $"[Feb 10 2026 11:02:41] [ERROR] [tid 2310] detected NVSwitch fatal error 20034 on fid 0 on NVSwitch pci bus id 00000000:87:00.0 physical id 9 port {port}\n";

    private void Append(int port)
    {
        File.AppendAllText(Log, Line(port));
        _board.PublishWithheld();
    }

    private Running Start(ReadingPositions? positions = null)
    {
        var boards = new KernelLogBoards(_board, new InventoryBoard(), new WorkerBoard(), _store, positions ?? new ReadingPositions(), new LogCounters());
        var worker = new LogFileWorker(new LogFileOptions([Log], VendorLogs.Decoders, VendorLogs.Rules), boards, _time, NullLogger<LogFileWorker>.Instance);
        var stop = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        return new Running(worker.RunAsync(stop.Token), stop, _time, _board);
    }

    private sealed class Running(Task run, CancellationTokenSource stop, ManualTime time, HealthBoard board) : IAsyncDisposable
    {
        private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

        /// <summary>Lets one look go by, to its end.</summary>
        public async Task LookAsync()
        {
            await time.WhenWaitingAsync(Look);
            time.Advance(Look);
            await time.WhenWaitingAsync(Look);
            board.PublishWithheld();
        }

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
            stop.Dispose();
        }
    }
}
