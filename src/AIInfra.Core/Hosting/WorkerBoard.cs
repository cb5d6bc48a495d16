using System.Collections.Immutable;

namespace AIInfra.Core.Hosting;

/// <summary>What /readyz shows of one part of the daemon.</summary>
/// <param name="Name">Name of the worker or of a part that a worker answers for, for example <c>kubelet nvidia.com/gpu</c>.</param>
/// <param name="IsReady">False while it has not started, waits or failed.</param>
/// <param name="Detail">One sentence: what is missing and what to do; null when ready.</param>
/// <param name="Faults">Faults in a row since it last ran quietly.</param>
public sealed record PartState(string Name, bool IsReady, string? Detail, int Faults);

/// <summary>The state of every supervised loop and of the parts that the loops report on. Any thread may write its own part.</summary>
public sealed class WorkerBoard
{
    private readonly Lock _gate = new();
    private readonly Latest<ImmutableSortedDictionary<string, PartState>> _parts =
        new(ImmutableSortedDictionary.Create<string, PartState>(StringComparer.Ordinal));

    /// <summary>All parts by name.</summary>
    public ImmutableSortedDictionary<string, PartState> Parts => _parts.Value;

    public bool IsReady => Parts.Values.All(part => part.IsReady);

    internal void Running(string worker) => Set(new PartState(worker, true, null, Parts.GetValueOrDefault(worker)?.Faults ?? 0));
    internal void Finished(string worker) => Set(new PartState(worker, true, null, 0));
    internal void Failed(string worker, string why, int faults) => Set(new PartState(worker, false, why, faults));

    /// <summary>A part is up.</summary>
    public void Ready(string part) => Set(new PartState(part, true, null, 0));

    /// <summary>A part is not up: <paramref name="detail"/> says what is missing and what to do.</summary>
    public void NotReady(string part, string detail) => Set(new PartState(part, false, detail, 0));

    /// <summary>A part that no longer exists.</summary>
    public void Remove(string part)
    {
        lock (_gate)
            _parts.Publish(Parts.Remove(part));
    }

    private void Set(PartState state)
    {
        lock (_gate)
        {
            if (Parts.GetValueOrDefault(state.Name) != state)
                _parts.Publish(Parts.SetItem(state.Name, state));
        }
    }
}
