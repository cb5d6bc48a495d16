using System.Collections.Frozen;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sharing;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>Decides when the id of a unit that is no longer offered may leave the list of one resource. The kubelet dereferences an id that it has handed out
/// without looking whether it is still listed, so: not before it has been gone for <see cref="Patience"/>, two answers of the kubelet since then name nobody
/// who holds it, its checkpoint does not name it, and no Allocate has run for as long. While the kubelet does not say who holds what: never.</summary>
internal sealed class Withdrawals(Latest<DeviceList> lists, Latest<PodResourcesSnapshot> pods, AllocateCalls calls, Func<KubeletCheckpoint?> checkpoint, TimeProvider time)
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Dictionary<GoneUnit, (int Answers, PodResourcesSnapshot? Last)> _free = [];

    /// <summary>What may go: units as they vanished. One that came back and vanished again is another one.</summary>
    public Latest<FrozenSet<GoneUnit>> Current { get; } = new(FrozenSet<GoneUnit>.Empty);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var (list, answer) = (lists.Value, pods.Value);
            Step(list, answer);
            await FirstOf.WaitAsync(cancellationToken,
                token => lists.WaitForChangeAsync(list, token),
                token => pods.WaitForChangeAsync(answer, token));
        }
    }

    internal void Step(DeviceList list, PodResourcesSnapshot answer)
    {
        var gone = list.Units.Where(unit => !unit.IsPresent).Select(unit => new GoneUnit(unit.Unit.Id, unit.GoneSince!.Value)).ToHashSet();
        foreach (var known in _free.Keys.Where(known => !gone.Contains(known)).ToArray())
            _free.Remove(known);
        foreach (var unit in gone)
            _free[unit] = Count(unit, answer, _free.GetValueOrDefault(unit));

        var ripe = gone.Where(unit => _free[unit].Answers >= 2).ToArray();
        if (ripe.Length > 0)
            ripe = calls.IsQuietFor(Patience) && checkpoint() is { } written ? [.. ripe.Where(unit => !written.Names(unit.Id))] : [];
        if (!Current.Value.SetEquals(ripe))
            Current.Publish(ripe.ToFrozenSet());
    }

    /// <summary>Answers in a row, from after its patience, that name no holder.</summary>
    private (int Answers, PodResourcesSnapshot? Last) Count(GoneUnit unit, PodResourcesSnapshot answer, (int Answers, PodResourcesSnapshot? Last) before)
    {
        if (!answer.IsKnown || !answer.HoldersOf(unit.Id).IsEmpty)
            return (0, answer);
        if (ReferenceEquals(answer, before.Last) || time.GetElapsedTime(unit.Since) < Patience)
            return before with { Last = answer };
        return (before.Answers + 1, answer);
    }
}

/// <param name="Since">Timestamp of when it vanished.</param>
internal readonly record struct GoneUnit(string Id, long Since);
