namespace AIInfra.Kubernetes.Api;

/// <summary>Takes, renews and gives back a Lease. Who holds one may act for <see cref="HeldFor"/>, by this node's monotonic clock.</summary>
/// <remarks>A lease tells its holder to stop; it stops nobody. Another's counts as lapsed when it was not seen to change for its whole duration here:
/// clocks that differ between nodes play no part.</remarks>
/// <param name="duration">After which others may start.</param>
/// <param name="renewDeadline">After which a holder that could not renew stops; null: two thirds of the duration.</param>
public sealed class LeaseLock(ApiClient client, string inNamespace, string name, string holder, TimeSpan duration, TimeProvider time, TimeSpan? renewDeadline = null)
{
    private string? _version;
    private (string Version, long At)? _seenOther;
    private long? _heldUntil;

    /// <summary>Well before others may start.</summary>
    private TimeSpan RenewDeadline => renewDeadline ?? duration * (2.0 / 3);

    /// <summary>Who held it at the last look, if that was another; empty otherwise.</summary>
    public string Other { get; private set; } = "";

    /// <summary>Time left in which the holder may act; null when it does not hold it.</summary>
    public TimeSpan? HeldFor => _heldUntil is { } until && time.GetElapsedTime(time.GetTimestamp(), until) is var left && left > TimeSpan.Zero ? left : null;

    /// <summary>Takes it, or renews it. False while another holds it.</summary>
    /// <exception cref="ApiException">The server did not do it; what was held is held on until it runs out.</exception>
    public async Task<bool> TryHoldAsync(CancellationToken cancellationToken)
    {
        var asked = time.GetTimestamp(); // before the call: the answer may have taken long
        try
        {
            var lease = await FindAsync(cancellationToken) is { } found ? await TakeOverAsync(found, cancellationToken) : await CreateAsync(cancellationToken);
            if (lease is null)
            {
                _heldUntil = null;
                return false;
            }
            (_version, _heldUntil) = (lease.Metadata.ResourceVersion, asked + (long)(RenewDeadline.TotalSeconds * time.TimestampFrequency));
            return true;
        }
        catch (ApiException fault) when (fault.Fault is ApiFault.Conflict or ApiFault.Exists)
        {
            _version = null; // somebody wrote it first; what was held runs on until the next look says whose it is
            return false;
        }
    }

    /// <summary>Gives it back, so that the next one need not wait; nothing happens when it is not held any more.</summary>
    /// <exception cref="ApiException">The server did not do it; it runs out by itself.</exception>
    public async Task ReleaseAsync(CancellationToken cancellationToken)
    {
        if (_version is not { } version || HeldFor is null)
            return;
        _heldUntil = null;
        try
        {
            await PatchAsync(version, new LeaseSpec { HolderIdentity = "", LeaseDurationSeconds = 1, RenewTime = time.GetUtcNow() }, cancellationToken);
        }
        catch (ApiException fault) when (fault.Fault is ApiFault.Conflict or ApiFault.NotFound)
        {
            // It is another's by now.
        }
        _version = null;
    }

    /// <summary>True when the lease names this holder, also one that this process did not take or does not know of.</summary>
    /// <exception cref="ApiException">It could not be read.</exception>
    public async Task<bool> IsOursAsync(CancellationToken cancellationToken) => (await FindAsync(cancellationToken))?.Spec.HolderIdentity == holder;

    private async Task<LeaseObject?> FindAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await client.GetAsync(ApiResources.Leases, inNamespace, name, cancellationToken);
        }
        catch (ApiException fault) when (fault.Fault == ApiFault.NotFound)
        {
            return null;
        }
    }

    private async Task<LeaseObject?> CreateAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return await client.CreateAsync(ApiResources.Leases, inNamespace, new LeaseObject
        {
            ApiVersion = "coordination.k8s.io/v1",
            Kind = "Lease",
            Metadata = new ObjectMeta { Name = name, Namespace = inNamespace },
            Spec = new LeaseSpec { HolderIdentity = holder, LeaseDurationSeconds = (int)duration.TotalSeconds, AcquireTime = now, RenewTime = now, LeaseTransitions = 0 },
        }, cancellationToken);
    }

    /// <returns>Null while another holds it.</returns>
    private async Task<LeaseObject?> TakeOverAsync(LeaseObject found, CancellationToken cancellationToken)
    {
        var version = found.Metadata.ResourceVersion ?? "";
        var isOurs = found.Spec.HolderIdentity == holder;
        Other = isOurs ? "" : found.Spec.HolderIdentity ?? "";
        if (Other.Length > 0 && !HasLapsed(found, version))
            return null;
        (_seenOther, Other) = (null, "");
        var now = time.GetUtcNow();
        return await PatchAsync(version, new LeaseSpec
        {
            HolderIdentity = holder,
            LeaseDurationSeconds = (int)duration.TotalSeconds,
            AcquireTime = isOurs ? null : now,
            RenewTime = now,
            LeaseTransitions = isOurs ? null : (found.Spec.LeaseTransitions ?? 0) + 1,
        }, cancellationToken);
    }

    private bool HasLapsed(LeaseObject found, string version)
    {
        if (_seenOther is not { } seen || seen.Version != version)
        {
            _seenOther = (version, time.GetTimestamp());
            return false;
        }
        var theirs = TimeSpan.FromSeconds(found.Spec.LeaseDurationSeconds ?? 0);
        return time.GetElapsedTime(seen.At) > (theirs > duration ? theirs : duration);
    }

    private Task<LeaseObject> PatchAsync(string version, LeaseSpec spec, CancellationToken cancellationToken) =>
        client.PatchAsync(ApiResources.Leases, inNamespace, name, null, ApiPatch.Merge(
            new LeasePatch { Metadata = new MetadataChange { ResourceVersion = version }, Spec = spec }, ApiJson.Default.LeasePatch), cancellationToken, isUrgent: true);
}
