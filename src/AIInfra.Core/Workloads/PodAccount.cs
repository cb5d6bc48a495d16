using AIInfra.Core.Metrics;
using AIInfra.Core.Sharing;

namespace AIInfra.Core.Workloads;

/// <summary>Whose account it is.</summary>
public readonly record struct PodAccountKey(PodHolder Holder, string Vendor, string Resource);

/// <summary>What one container has had of one resource. One thread adds; any may read.</summary>
internal sealed class PodAccount(PodAccountKey key)
{
    private double _allocated, _used, _idle, _energy;

    public PodAccountKey Key { get; } = key;
    public LabelSet Labels { get; } = AgentMetric.PodAllocatedSeconds.Labelled(key.Vendor, key.Resource, key.Holder.Namespace, key.Holder.Pod, key.Holder.Container);

    /// <summary>Device-seconds.</summary>
    public double AllocatedSeconds => Volatile.Read(ref _allocated);
    /// <summary>Null while it was never known.</summary>
    public double? UsedSeconds => HasUse ? Volatile.Read(ref _used) : null;
    /// <inheritdoc cref="UsedSeconds"/>
    public double? IdleSeconds => HasUse ? Volatile.Read(ref _idle) : null;
    /// <inheritdoc cref="UsedSeconds"/>
    public double? Joules => HasEnergy ? Volatile.Read(ref _energy) : null;

    public bool HasUse { get; private set; }
    public bool HasEnergy { get; private set; }

    /// <summary>When it was last held, by <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public long LastHeld { get; set; }

    public void Allocate(double seconds) => Volatile.Write(ref _allocated, _allocated + seconds);

    public void Use(double used, double idle)
    {
        Volatile.Write(ref _used, _used + used);
        Volatile.Write(ref _idle, _idle + idle);
        HasUse = true;
    }

    public void Draw(double joules)
    {
        Volatile.Write(ref _energy, _energy + joules);
        HasEnergy = true;
    }

    public StoredPodAccount Store() => new(Key.Holder.Namespace, Key.Holder.Pod, Key.Holder.Container, Key.Vendor, Key.Resource, AllocatedSeconds, UsedSeconds, IdleSeconds, Joules);

    public static PodAccount Restore(StoredPodAccount stored, long now)
    {
        var account = new PodAccount(new PodAccountKey(new PodHolder(stored.Namespace, stored.Pod, stored.Container), stored.Vendor, stored.Resource)) { LastHeld = now };
        account.Allocate(stored.AllocatedSeconds);
        if (stored.UsedSeconds is { } used && stored.IdleSeconds is { } idle)
            account.Use(used, idle);
        if (stored.Joules is { } joules)
            account.Draw(joules);
        return account;
    }
}

/// <summary>One account as it is kept over a restart.</summary>
internal sealed record StoredPodAccount(
    string Namespace, string Pod, string Container, string Vendor, string Resource, double AllocatedSeconds, double? UsedSeconds, double? IdleSeconds, double? Joules);
