using System.Security.Cryptography;
using System.Text;
using AIInfra.Core.Hosting;
using AIInfra.Core.Remediation;
using AIInfra.Kubernetes.Api;
using AIInfra.Kubernetes.Reporting;
using Microsoft.Extensions.Logging;

namespace AIInfra.Kubernetes.Remediation;

/// <summary>Permission by leases of the cluster: a failure domain has as many as nodes of it may be disrupted at once, and who acts holds one of them.</summary>
/// <remarks>The holder is the node, not the process: after a boot, or a crash, it finds the lease that it has. Whoever cannot renew stops long before another may start.</remarks>
public sealed partial class LeaseGrants(ClusterBoard cluster, LeaseOptions options, WorkerBoard parts, TimeProvider time, ILogger<LeaseGrants> logger) : IGrants, IWorker, IDisposable
{
    /// <summary>Name of the part in /readyz.</summary>
    public const string Part = "remediation lease";

    private static readonly TimeSpan ReleasePatience = TimeSpan.FromSeconds(10), AskPatience = TimeSpan.FromSeconds(30);

    private readonly TimeProvider _time = time;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly ReportingPart _part = new(Part, parts, logger);
    private readonly HashSet<int> _owed = []; // slots that may be ours and are not used
    private (ApiClient Client, string Domain, LeaseLock[] Slots)? _place;
    private Held? _held;

    internal Func<double> Random { get; init; } = System.Random.Shared.NextDouble;

    public async Task<GrantAnswer> AskAsync(GrantRequest request, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(AskPatience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        try
        {
            await _gate.WaitAsync(either.Token);
            try
            {
                return await AskAsync_NeedsGate(request.Operation, either.Token);
            }
            finally
            {
                _gate.Release();
            }
        }
        catch (ApiException fault)
        {
            _part.Bad(fault);
            return GrantAnswer.Refused($"the leases cannot be asked: {fault.Message}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return GrantAnswer.Refused($"the leases could not be asked within {AskPatience.TotalSeconds} s: the API server is slow, or asks to be left alone.");
        }
    }

    private async Task<GrantAnswer> AskAsync_NeedsGate(string operation, CancellationToken cancellationToken)
    {
        if (_held is { } held)
        {
            return held.Operation != operation ? GrantAnswer.Refused($"operation {held.Operation} holds the lease of this node.")
                : held.IsHeld ? new GrantAnswer(held, held.Why) : GrantAnswer.Refused($"{held.Why} was lost; what it was held for has to end first.");
        }
        return Locate_NeedsGate() is { } whyNot ? GrantAnswer.Refused(whyNot) : await TakeAsync_NeedsGate(operation, cancellationToken);
    }

    /// <summary>Renews what is held, and gives back what was not wanted after all.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(options.RenewEvery * (0.8 + (0.4 * Random())), _time, cancellationToken);
            await _gate.WaitAsync(cancellationToken);
            try
            {
                await RenewAsync_NeedsGate(cancellationToken);
                foreach (var slot in _owed.ToList())
                    await GiveBackAsync_NeedsGate(slot, cancellationToken);
                _part.Good();
            }
            catch (ApiException fault)
            {
                _part.Bad(fault); // what is held runs out by itself
            }
            finally
            {
                _gate.Release();
            }
        }
    }

    /// <summary>Gives nothing back: what is held when the process ends is held by the node, until it runs out.</summary>
    public void Dispose()
    {
        _held?.Dispose();
        _gate.Dispose();
    }

    /// <summary>Which leases these are.</summary>
    /// <returns>Null, or why that is not known.</returns>
    private string? Locate_NeedsGate()
    {
        if (cluster.Current.Value is not { WhyNot: null, Link: { } link })
            return cluster.Current.Value.WhyNot ?? "the API server is not spoken to.";
        var domain = "cluster";
        if (options.DomainLabel.Length > 0)
        {
            if (link.Node.Node is not { } node)
                return "this node's labels are not known yet.";
            if (!node.Labels.TryGetValue(options.DomainLabel, out domain) || domain.Length == 0)
                return $"node {node.Name} has no label {options.DomainLabel} (remediation.lease.domainLabel), so its failure domain is not known.";
        }
        if (_place is { } place && place.Client == link.Client && place.Domain == domain)
            return null;
        _place = (link.Client, domain, [.. Enumerable.Range(0, options.Slots).Select(slot =>
            new LeaseLock(link.Client, options.Namespace, NameOf(options.DomainLabel, domain, slot), options.NodeName, options.Duration, _time, options.RenewDeadline))]);
        return null;
    }

    private async Task<GrantAnswer> TakeAsync_NeedsGate(string operation, CancellationToken cancellationToken)
    {
        var (_, domain, slots) = _place!.Value;
        var where = options.DomainLabel.Length == 0 ? "the cluster" : $"{options.DomainLabel}={domain}";
        var ours = await FirstOfOursAsync(slots, cancellationToken);
        foreach (var slot in ours is { } one ? [one] : Enumerable.Range(0, slots.Length))
        {
            _owed.Add(slot); // if the answer is lost it may be ours
            var isTaken = await slots[slot].TryHoldAsync(cancellationToken);
            if (!isTaken)
            {
                _owed.Remove(slot);
                continue;
            }
            _owed.Remove(slot);
            _held = new Held(this, operation, slot, $"{where}, lease {NameOf(options.DomainLabel, domain, slot)}", slots[slot].HeldFor ?? TimeSpan.Zero);
            LogTaken(_held.Why, operation);
            return new GrantAnswer(_held, _held.Why);
        }
        var others = slots.Select(slot => slot.Other).Where(other => other.Length > 0).ToList();
        return GrantAnswer.Refused($"{slots.Length} of {slots.Length} places of {where} are taken ({(others.Count > 0 ? string.Join(", ", others) : "by others who were faster")}); it is worth asking again in a minute.");
    }

    /// <summary>One that this node holds from before. Of several, the others are given back.</summary>
    private async Task<int?> FirstOfOursAsync(LeaseLock[] slots, CancellationToken cancellationToken)
    {
        int? first = null;
        for (var slot = 0; slot < slots.Length; slot++)
        {
            if (!await slots[slot].IsOursAsync(cancellationToken))
                continue;
            if (first is null)
                first = slot;
            else
                _owed.Add(slot);
        }
        return first;
    }

    private async Task RenewAsync_NeedsGate(CancellationToken cancellationToken)
    {
        if (_held is not { IsHeld: true } held || _place is not { } place)
            return;
        if (cluster.Current.Value.Link is { } link && link.Client != place.Client && Locate_NeedsGate() is { } whyNot) // the connection was made anew
        {
            LogLost(held.Why, whyNot);
            held.Lose();
            return;
        }
        var lease = _place.Value.Slots[held.Slot];
        if (_place.Value.Domain == place.Domain && await lease.TryHoldAsync(cancellationToken))
            held.Extend(lease.HeldFor ?? TimeSpan.Zero);
        else if (lease.Other.Length > 0 || _place.Value.Domain != place.Domain)
        {
            LogLost(held.Why, lease.Other);
            held.Lose();
        }
    }

    private async Task GiveBackAsync_NeedsGate(int slot, CancellationToken cancellationToken)
    {
        if (_held?.Slot == slot)
        {
            _owed.Remove(slot);
            return;
        }
        if (_place is not { } place || slot >= place.Slots.Length || cluster.Current.Value.Link?.Client != place.Client)
            return;
        var lease = place.Slots[slot];
        if (await lease.IsOursAsync(cancellationToken) && await lease.TryHoldAsync(cancellationToken))
            await lease.ReleaseAsync(cancellationToken);
        _owed.Remove(slot);
    }

    private async Task ReleaseAsync(Held held)
    {
        await _gate.WaitAsync();
        try
        {
            if (_held != held)
                return;
            _held = null;
            _owed.Add(held.Slot);
            using var late = new CancellationTokenSource(ReleasePatience, _time);
            await GiveBackAsync_NeedsGate(held.Slot, late.Token);
            LogReleased(held.Why, held.Operation);
        }
        catch (Exception fault) when (fault is ApiException or OperationCanceledException)
        {
            LogNotReleased(held.Why, fault.Message); // it is owed, and given back by the loop
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>A name for people, and a hash that tells apart what looks alike.</summary>
    internal static string NameOf(string label, string domain, int slot)
    {
        var shown = new string([.. domain.ToLowerInvariant().Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '-')]).Trim('-');
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{label}={domain}")).AsSpan(0, 4));
        return $"aiinfra-remediation-{shown}-{hash}-{slot}";
    }

    private sealed class Held : IGrant, IDisposable
    {
        private readonly LeaseGrants _owner;
        private readonly CancellationTokenSource _lost;
        private DateTimeOffset _until;

        public Held(LeaseGrants owner, string operation, int slot, string why, TimeSpan first)
        {
            (_owner, Operation, Slot, Why) = (owner, operation, slot, why);
            (_lost, _until) = (new CancellationTokenSource(first, owner._time), owner._time.GetUtcNow() + first);
            Lost = _lost.Token;
        }

        public string Operation { get; }
        public int Slot { get; }
        public string Why { get; }
        public CancellationToken Lost { get; }

        /// <summary>By the wall clock too: the monotonic one stands still while a machine is suspended.</summary>
        public bool IsHeld => !_lost.IsCancellationRequested && _owner._time.GetUtcNow() < _until;

        public void Extend(TimeSpan more)
        {
            _lost.CancelAfter(more);
            _until = _owner._time.GetUtcNow() + more;
        }

        public void Lose() => _lost.Cancel();

        public async ValueTask DisposeAsync()
        {
            Lose();
            await _owner.ReleaseAsync(this);
            Dispose();
        }

        public void Dispose() => _lost.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Operation {Operation} holds {Lease}")]
    private partial void LogTaken(string lease, string operation);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Lease} is given back by operation {Operation}")]
    private partial void LogReleased(string lease, string operation);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Lease} could not be given back yet, it is tried again: {Why}")]
    private partial void LogNotReleased(string lease, string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Lease} was lost to {Other}: what it was held for stops")]
    private partial void LogLost(string lease, string other);
}
