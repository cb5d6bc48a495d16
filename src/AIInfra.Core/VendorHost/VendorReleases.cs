using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Hosting;

namespace AIInfra.Core.VendorHost;

/// <summary>An operator has taken a vendor's devices from the agent, so that its driver can be changed.</summary>
/// <param name="Asked">Counts how often it was asked for since the agent was started: each time is proved anew.</param>
public sealed record VendorRelease(string Vendor, DateTimeOffset Since, long Asked = 0)
{
    /// <summary>Why the vendor's devices are not served, and what ends it.</summary>
    internal string Reason => string.Create(CultureInfo.InvariantCulture, $"released by an operator at {Since.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z; `aiinfra-agent resume {Vendor}` takes it back");
}

/// <summary>A process that has a device node open.</summary>
/// <param name="Program">Its name as the kernel has it. Outside input: escape it wherever it is shown.</param>
/// <param name="Node">The node's path as that process sees it.</param>
public sealed record NodeHolder(int ProcessId, string Program, string Node);

/// <summary>What /proc says of who holds a vendor's device nodes.</summary>
/// <param name="Ours">The agent and its children. Empty: the release is proved.</param>
/// <param name="Others">Everybody else, the first few: a driver cannot be unloaded before they let go.</param>
/// <param name="Unseen">Processes that could not be looked into.</param>
/// <param name="MoreOthers">How many of them are not in <paramref name="Others"/>.</param>
public sealed record ReleaseProof(VendorRelease Release, ImmutableArray<NodeHolder> Ours, ImmutableArray<NodeHolder> Others, int Unseen, int MoreOthers = 0);

/// <summary>Which vendors are released. What is wanted is a level: the vendor's worker follows it, also after a restart.</summary>
public sealed class VendorReleases
{
    /// <summary>Stands on each device while its vendor is released, and until it answers again; not to be cleared by hand, or devices would
    /// be offered that nobody watches.</summary>
    public const string ProblemId = "vendor.released";

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly Latest<ImmutableDictionary<(string Vendor, string Library), long>> _beside = new(ImmutableDictionary<(string Vendor, string Library), long>.Empty); // the last release that it followed
    private ImmutableSortedSet<string> _served = [];
    private long _asked;

    /// <param name="stored">Those that stood when the agent ended.</param>
    public VendorReleases(TimeProvider time, IEnumerable<VendorRelease> stored)
    {
        _time = time;
        Current = new(stored.ToImmutableSortedDictionary(release => release.Vendor, release => release, StringComparer.Ordinal));
    }

    /// <summary>By vendor.</summary>
    public Latest<ImmutableSortedDictionary<string, VendorRelease>> Current { get; }

    /// <summary>By vendor, the newest; of a vendor that was resumed since, the last.</summary>
    public Latest<ImmutableSortedDictionary<string, ReleaseProof>> Proofs { get; } = new(ImmutableSortedDictionary.Create<string, ReleaseProof>(StringComparer.Ordinal));

    /// <summary>The vendors that a worker serves.</summary>
    public ImmutableSortedSet<string> Served => _served;

    /// <summary>Asks for it, and waits for the worker to have let go. Asked again, it is proved again.</summary>
    /// <exception cref="OperationCanceledException">Cancelled while it waited; the release stands.</exception>
    public async Task<ReleaseProof> ReleaseAsync(string vendor, CancellationToken cancellationToken)
    {
        VendorRelease release;
        lock (_gate)
        {
            release = new VendorRelease(vendor, Current.Value.GetValueOrDefault(vendor)?.Since ?? _time.GetUtcNow(), ++_asked);
            Current.Publish(Current.Value.SetItem(vendor, release));
        }
        await foreach (var proofs in Proofs.WatchAsync(cancellationToken))
        {
            if (proofs.GetValueOrDefault(vendor) is { } proof && proof.Release.Asked >= release.Asked)
                return proof;
        }
        throw new OperationCanceledException(cancellationToken);
    }

    /// <summary>Gives it back. False when it was not released.</summary>
    public bool Resume(string vendor)
    {
        lock (_gate)
        {
            var isReleased = Current.Value.ContainsKey(vendor);
            if (isReleased)
                Current.Publish(Current.Value.Remove(vendor));
            return isReleased;
        }
    }

    internal void Serve(string vendor)
    {
        lock (_gate)
            _served = _served.Add(vendor);
    }

    /// <summary>A library that tells more of the vendor's devices has let go of them too, before the proof is looked for.</summary>
    internal void ServeBeside(string vendor, string library)
    {
        lock (_gate)
            _beside.Publish(_beside.Value.SetItem((vendor, library), _beside.Value.GetValueOrDefault((vendor, library))));
    }

    internal void LetGo(string vendor, string library, long asked)
    {
        lock (_gate)
            _beside.Publish(_beside.Value.SetItem((vendor, library), asked));
    }

    /// <summary>Until they have, but not for long: the proof says what is still held.</summary>
    internal async Task WaitForBesideAsync(VendorRelease release, TimeSpan atMost, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(atMost, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            await foreach (var beside in _beside.WatchAsync(either.Token))
            {
                if (beside.All(one => one.Key.Vendor != release.Vendor || one.Value >= release.Asked))
                    return;
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // It hangs in the driver; the proof names its process.
        }
    }

    internal void Prove(ReleaseProof proof)
    {
        lock (_gate)
            Proofs.Publish(Proofs.Value.SetItem(proof.Release.Vendor, proof));
    }
}
