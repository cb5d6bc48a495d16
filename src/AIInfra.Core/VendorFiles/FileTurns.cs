using System.Collections.Immutable;

namespace AIInfra.Core.VendorFiles;

/// <summary>Does something for one board after the other on a thread, and leaves a board behind with its thread when it takes too long.</summary>
/// <remarks>A board that was left behind is not asked again until its task completes, so there are never more threads than boards.</remarks>
internal sealed class FileTurns(string name, TimeSpan timeout, TimeProvider time) : IDisposable
{
    private FileThread? _thread;
    private volatile object? _current;

    /// <summary>The item that is being worked on, or was last.</summary>
    public object? Current => _current;

    /// <returns>Those that did not end in time, each with the task that completes when it does.</returns>
    public async Task<ImmutableArray<(T Item, Task Call)>> ForEachAsync<T>(IReadOnlyList<T> items, Action<T> work, CancellationToken cancellationToken)
    {
        var hung = ImmutableArray.CreateBuilder<(T, Task)>();
        for (var next = 0; next < items.Count;)
        {
            var run = new Run<T>(items, next, item => { _current = item; work(item); }, time);
            var done = (_thread ??= new FileThread(name)).RunAsync(run.Go);
            next = items.Count;
            while (!done.IsCompleted)
            {
                if (run.LeaveAfter(timeout) is { } place)
                {
                    hung.Add((items[place], done));
                    _thread.Dispose();
                    _thread = null;
                    next = place + 1;
                    break;
                }
                using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                await Task.WhenAny(done, Task.Delay(run.Left(timeout), time, ended.Token));
                await ended.CancelAsync();
                cancellationToken.ThrowIfCancellationRequested();
            }
            if (_thread is not null)
                await done;
        }
        return hung.ToImmutable();
    }

    public void Dispose()
    {
        _thread?.Dispose();
        _thread = null;
    }

    private sealed class Run<T>(IReadOnlyList<T> items, int first, Action<T> work, TimeProvider time)
    {
        private readonly Lock _gate = new();
        private int _place = first;
        private long _since = time.GetTimestamp();
        private bool _isLeft;

        public void Go()
        {
            while (true)
            {
                work(items[_place]);
                lock (_gate)
                {
                    if (_isLeft || _place + 1 == items.Count)
                        return;
                    (_place, _since) = (_place + 1, time.GetTimestamp());
                }
            }
        }

        public TimeSpan Left(TimeSpan timeout)
        {
            lock (_gate)
                return timeout - time.GetElapsedTime(_since) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }

        /// <summary>The place that takes too long, which is then the last one; null while there is none.</summary>
        public int? LeaveAfter(TimeSpan timeout)
        {
            lock (_gate)
            {
                if (time.GetElapsedTime(_since) < timeout)
                    return null;
                _isLeft = true;
                return _place;
            }
        }
    }
}
