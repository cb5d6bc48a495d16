using System.Collections.Concurrent;
using AIInfra.Core.Metrics;
using AIInfra.Core.Remediation;
using AIInfra.Fleet.Reporting;
using AIInfra.Fleet.V1;
using GrantAnswer = AIInfra.Core.Remediation.GrantAnswer;

namespace AIInfra.Fleet.Granting;

/// <summary>The open stream, as far as grants need it.</summary>
internal interface IGrantLine
{
    /// <returns>False: it is not open, or too much waits on it.</returns>
    bool TryPost(FromAgent message);
}

/// <summary>Asks the aggregator. One that cannot be reached denies, or leaves it to the leases; a grant is held for its lifetime and renewed before, over whichever stream is open then.</summary>
public sealed class FleetGrants : IGrants
{
    private const int MostReleases = 32, MostRevoked = 32;

    private readonly FleetOptions _options;
    private readonly Func<string, ActionResult?> _outcome;
    private readonly TimeProvider _time;

    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<ulong, TaskCompletionSource<V1.GrantAnswer>> _asked = new();
    private readonly Dictionary<string, HeldGrant> _held = new(StringComparer.Ordinal);
    private readonly Queue<FromAgent> _releases = new();
    private readonly Queue<string> _revoked = new(); // also those whose answer was still on its way to whoever asked
    private IGrantLine? _line;
    private ulong _number;

    /// <param name="outcome">What the journal says became of an operation, for the release; null where it says nothing.</param>
    /// <param name="progress">Told how far the steps are that the aggregator does.</param>
    /// <param name="leases">Asked while the aggregator cannot be reached; null: that denies.</param>
    public FleetGrants(FleetOptions options, Func<string, ActionResult?> outcome, TimeProvider time, StepProgress? progress = null, LeaseFallback? leases = null)
    {
        (_options, _outcome, _time, Leases) = (options, outcome, time, leases);
        Steps = new FleetSteps(options, Find, time) { Progress = progress };
        Bounds = new FleetBounds(options.Folder);
    }

    /// <summary>Done by the aggregator for the holder of these grants.</summary>
    public FleetSteps Steps { get; }

    /// <summary>What the aggregator forbids meanwhile.</summary>
    public FleetBounds Bounds { get; }

    internal LeaseFallback? Leases { get; }

    public async Task<GrantAnswer> AskAsync(Core.Remediation.GrantRequest request, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_held.TryGetValue(request.Operation, out var held) && held.IsHeld)
                return new GrantAnswer(held, "it is held already.");
        }
        if (Bounds.Refused is { } paused)
            return GrantAnswer.Refused(paused);
        var sentAt = _time.GetTimestamp();
        var answer = await SendAsync(number => new FromAgent
        {
            GrantAsk = new GrantAsk
            {
                Ask = number,
                Operation = request.Operation,
                Action = request.Action,
                Scope = Words.Of(request.Scope),
                Problem = request.ProblemId.Length > 0 ? NodeReader.Key(request.ProblemId, request.Subject) : null,
            },
        }, cancellationToken);
        if (answer is null)
        {
            return Leases is { } leases ? await leases.AskAsync(request, cancellationToken)
                : GrantAnswer.Refused($"the aggregator {_options.Aggregator.Authority} cannot be reached, and fleet.whenUnreachable is deny.");
        }
        if (answer.Grant.Length == 0)
            return GrantAnswer.Refused(answer.AwaitsApproval ? $"it waits for a person's approval at the aggregator: {answer.Why}" : answer.RetryMilliseconds > 0
                ? $"{answer.Why} Worth asking again in {TimeSpan.FromMilliseconds(answer.RetryMilliseconds).TotalSeconds:0} s." : answer.Why);
        var grant = new HeldGrant(this, request.Operation, answer, sentAt, _time);
        bool isRevoked;
        lock (_gate)
        {
            _held[request.Operation] = grant;
            isRevoked = _revoked.Contains(grant.Grant);
        }
        if (isRevoked)
            grant.Lose();
        return new GrantAnswer(grant, answer.Why);
    }

    /// <summary>Grant and fence of an operation, for what the journal's steps are told with; empty and 0 without one.</summary>
    public (string Grant, ulong Fence) Find(string operation)
    {
        lock (_gate)
            return _held.TryGetValue(operation, out var held) ? (held.Grant, held.Fence) : ("", 0);
    }

    internal void Opened(IGrantLine line, Welcome welcome)
    {
        Leases?.Reached(welcome.Leases);
        Bounds.Opened(welcome);
        Steps.Opened(line, welcome);
        lock (_gate)
        {
            _line = line;
            while (_releases.TryPeek(out var release) && line.TryPost(release))
                _releases.Dequeue();
        }
    }

    /// <summary>The stream is over: what was asked on it gets no answer.</summary>
    internal void Closed(IGrantLine line)
    {
        Steps.Closed(line);
        lock (_gate)
        {
            if (!ReferenceEquals(_line, line))
                return;
            _line = null;
        }
        Leases?.Lost();
        foreach (var (number, asked) in _asked)
        {
            if (_asked.TryRemove(number, out _))
                asked.TrySetCanceled();
        }
    }

    internal void Answered(V1.GrantAnswer answer)
    {
        if (_asked.TryRemove(answer.Ask, out var asked))
            asked.TrySetResult(answer);
    }

    /// <summary>No further step is begun under the grant; then the aggregator is told that this is so.</summary>
    internal void Revoked(GrantRevocation revocation)
    {
        HeldGrant? held;
        IGrantLine? line;
        lock (_gate)
        {
            if (_revoked.Count >= MostRevoked)
                _revoked.Dequeue();
            _revoked.Enqueue(revocation.Grant);
            (held, line) = (_held.Values.FirstOrDefault(grant => grant.Grant == revocation.Grant), _line);
        }
        held?.Lose();
        line?.TryPost(new FromAgent { Taken = new Taken { Grant = revocation.Grant } });
    }

    internal void Bounded(Policy policy)
    {
        Bounds.Take(policy);
        IGrantLine? line;
        lock (_gate)
            line = _line;
        line?.TryPost(new FromAgent { Taken = new Taken { Policy = policy.Number } });
    }

    /// <returns>Null: there was no answer, or nobody to ask.</returns>
    internal async Task<V1.GrantAnswer?> SendAsync(Func<ulong, FromAgent> make, CancellationToken cancellationToken)
    {
        var number = Interlocked.Increment(ref _number);
        var asked = _asked[number] = new TaskCompletionSource<V1.GrantAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            IGrantLine? line;
            lock (_gate)
                line = _line;
            if (line?.TryPost(make(number)) != true)
                return null;
            return await asked.Task.WaitAsync(_options.GrantPatience, _time, cancellationToken);
        }
        catch (Exception fault) when (fault is TimeoutException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return null;
        }
        finally
        {
            _asked.TryRemove(number, out _);
        }
    }

    internal void Release(HeldGrant grant)
    {
        var result = _outcome(grant.Operation);
        var release = new FromAgent
        {
            GrantRelease = new GrantRelease
            {
                Grant = grant.Grant,
                Fence = grant.Fence,
                Operation = grant.Operation,
                Outcome = result is null ? "not-started" : Words.Of(result.Outcome),
                Says = result?.Says ?? "",
            },
        };
        lock (_gate)
        {
            if (_held.TryGetValue(grant.Operation, out var held) && ReferenceEquals(held, grant))
                _held.Remove(grant.Operation);
            if (_line?.TryPost(release) == true)
                return;
            if (_releases.Count >= MostReleases)
                _releases.Dequeue(); // ended by its lifetime long ago
            _releases.Enqueue(release);
        }
    }
}
