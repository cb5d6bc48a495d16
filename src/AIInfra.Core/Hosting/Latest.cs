using System.Runtime.CompilerServices;

namespace AIInfra.Core.Hosting;

/// <summary>Holds one current value. Readers may join at any time and see the newest, never a backlog.</summary>
/// <remarks>Values are immutable. Any thread may read; one writer publishes.</remarks>
public sealed class Latest<T>(T initial) where T : class
{
    private sealed record Slot(T Value)
    {
        public TaskCompletionSource Replaced { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private Slot _slot = new(initial);

    /// <summary>The newest value. Never blocks.</summary>
    public T Value => Volatile.Read(ref _slot).Value;

    /// <summary>Replaces the value and wakes every watcher.</summary>
    public void Publish(T value) => Interlocked.Exchange(ref _slot, new Slot(value)).Replaced.SetResult();

    /// <summary>Completes when <paramref name="seen"/> is no longer the newest value; at once if it already is not.</summary>
    public Task WaitForChangeAsync(T seen, CancellationToken cancellationToken)
    {
        var slot = Volatile.Read(ref _slot);
        return ReferenceEquals(slot.Value, seen) ? slot.Replaced.Task.WaitAsync(cancellationToken) : Task.CompletedTask;
    }

    /// <summary>The current value, then each newer one; values that were replaced unseen are skipped.</summary>
    public async IAsyncEnumerable<T> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var slot = Volatile.Read(ref _slot);
            yield return slot.Value;
            await slot.Replaced.Task.WaitAsync(cancellationToken);
        }
    }
}
