using AIInfra.Core.Remediation.Ladders;
using AIInfra.Core.Remediation.Planning;

namespace AIInfra.Core.Remediation.Granting;

/// <summary>What the local limits are applied to.</summary>
/// <param name="History">What was done.</param>
/// <param name="JournalFault">Null, or why that is not all of it.</param>
/// <param name="Devices">Of the node.</param>
/// <param name="OthersUnavailable">Those that get no work now, without the one that the request is about; null: not known.</param>
/// <param name="Time">Of the look.</param>
public sealed record LocalView(RemediationHistory History, string? JournalFault, int Devices, int? OthersUnavailable, PlanTime Time);

/// <summary>Permission where the node is its own master: one disruptive operation at a time, within the limits of the policy. What is not known refuses.</summary>
/// <param name="limits">Of the policy.</param>
/// <param name="look">The node as it is when somebody asks.</param>
public sealed class LocalGrants(PolicyLimits limits, Func<GrantRequest, LocalView> look) : IGrants
{
    private readonly Lock _gate = new();
    private Held? _held;

    public Task<GrantAnswer> AskAsync(GrantRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            if (_held is not null && _held.Operation != request.Operation)
                return Task.FromResult(GrantAnswer.Refused($"Operation {_held.Operation} is under way; one disrupts the node at a time."));
            if (_held is null && Refuse(request, look(request)) is { } why)
                return Task.FromResult(GrantAnswer.Refused(why));
            _held ??= new Held(this, request.Operation);
            return Task.FromResult(new GrantAnswer(_held, "within the limits of this node."));
        }
    }

    private string? Refuse(GrantRequest request, LocalView now)
    {
        if (now.JournalFault is not null)
            return now.JournalFault;
        if (NodeLimits.RefuseRate(limits, now.History, request.Operation, now.Time) is { } rate)
            return rate.Until is { } until ? $"{rate.Why} Worth asking again at {PlanTurn.Show(until)}." : rate.Why;
        if (request.Scope != DrainScope.Device)
            return null; // the share is of devices; a whole node is bounded by the rates, and by the fleet
        return now.OthersUnavailable is { } others ? NodeLimits.RefuseShare(limits, now.Devices, others + 1) : "it is not known how many devices are unavailable now.";
    }

    private void Release(Held grant)
    {
        lock (_gate)
        {
            if (ReferenceEquals(_held, grant))
                _held = null;
        }
    }

    /// <summary>Nobody takes it back: it is held until it is given back.</summary>
    private sealed class Held(LocalGrants owner, string operation) : IGrant
    {
        public string Operation => operation;
        public CancellationToken Lost => CancellationToken.None;
        public bool IsHeld => ReferenceEquals(Volatile.Read(ref owner._held), this);

        public ValueTask DisposeAsync()
        {
            owner.Release(this);
            return ValueTask.CompletedTask;
        }
    }
}
