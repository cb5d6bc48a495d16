using System.Text;
using AIInfra.Core.Remediation;
using AIInfra.Fleet.V1;
using AIInfra.Linux.Files;
using GrantAnswer = AIInfra.Core.Remediation.GrantAnswer;

namespace AIInfra.Fleet.Granting;

/// <summary>Permission by the leases of the cluster while the aggregator cannot be reached (<c>fleet.whenUnreachable: lease</c>). Only where the aggregator takes the very same leases before it grants: so there is one budget, whoever asks.</summary>
/// <remarks>What the aggregator said of its leases is kept in a file: an agent that starts while it is away knows it.</remarks>
/// <param name="leases">Null where they are asked beside the aggregator anyway (<c>remediation.drain: self</c>).</param>
/// <param name="rules">This node's.</param>
public sealed class LeaseFallback(IGrants? leases, Leases rules, FleetOptions options, TimeProvider time)
{
    /// <summary>An aggregator that is started anew, or a replica that takes over, is back before.</summary>
    internal static readonly TimeSpan Away = TimeSpan.FromSeconds(30);

    private readonly string _file = Path.Combine(options.Folder, "leases");
    private readonly Lock _gate = new();
    private long? _lostAt = time.GetTimestamp();

    /// <param name="theirs">Null: the aggregator takes none.</param>
    internal void Reached(Leases? theirs)
    {
        lock (_gate)
            _lostAt = null;
        try
        {
            Directory.CreateDirectory(options.Folder);
            WholeFile.Write(_file, theirs is null ? [] : Encoding.UTF8.GetBytes(Show(theirs)));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            TryForget(); // what cannot be kept counts as not known
        }
    }

    internal void Lost()
    {
        lock (_gate)
            _lostAt ??= time.GetTimestamp();
    }

    internal async Task<GrantAnswer> AskAsync(GrantRequest request, CancellationToken cancellationToken)
    {
        var aggregator = options.Aggregator.Authority;
        long? lostAt;
        lock (_gate)
            lostAt = _lostAt;
        if (lostAt is not { } since || time.GetElapsedTime(since) < Away)
            return GrantAnswer.Refused($"the aggregator {aggregator} did not answer; the leases are asked when it has been away for {Away.TotalSeconds:0} s.");
        if (WhyNot() is { } whyNot)
            return GrantAnswer.Refused($"the aggregator {aggregator} cannot be reached, and {whyNot}");
        if (leases is null)
            return new GrantAnswer(Left.Alone, "the aggregator cannot be reached: the lease of the failure domain alone permits it.");
        var answer = await leases.AskAsync(request, cancellationToken);
        return answer with { Why = $"the aggregator {aggregator} cannot be reached; by lease: {answer.Why}" };
    }

    private string? WhyNot()
    {
        string theirs;
        try
        {
            theirs = File.ReadAllText(_file).Trim();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return "whether it takes the leases of the failure domains is not known: it was never reached from this node.";
        }
        return theirs.Length == 0 ? "it takes no leases (kubernetes.lease.slots of the aggregator), so there would be two budgets."
            : theirs != Show(rules) ? $"its leases ({theirs}) are not this node's ({Show(rules)}): remediation.lease of the agents and kubernetes.lease of the aggregator have to be the same."
            : null;
    }

    private void TryForget()
    {
        try
        {
            File.Delete(_file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // The disk takes nothing at all; then nothing is journaled, and nothing is done.
        }
    }

    private static string Show(Leases leases) => $"namespace {leases.Namespace}, {(leases.DomainLabel.Length > 0 ? leases.DomainLabel : "the whole cluster")}, {leases.Slots} at once";

    /// <summary>Nothing beside the lease that is held already.</summary>
    private sealed class Left : IGrant
    {
        public static Left Alone { get; } = new();
        public CancellationToken Lost => CancellationToken.None;
        public bool IsHeld => true;
        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
