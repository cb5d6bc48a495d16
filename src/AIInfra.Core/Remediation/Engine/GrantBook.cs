using System.Collections.Immutable;
using AIInfra.Core.Remediation.Planning;

namespace AIInfra.Core.Remediation.Engine;

/// <summary>The permission that the engine holds: of the node's own limits, and of whoever else must grant. All of them, or none.</summary>
/// <param name="sources">In the order in which they are asked.</param>
internal sealed class GrantBook(ImmutableArray<IGrants> sources, Func<double> random, TimeProvider time)
{
    /// <summary>After a refusal nobody is asked again before, and up to half as long after that.</summary>
    public static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(30);

    private ImmutableArray<IGrant> _held = [];
    private GrantState _state = GrantState.None;
    private (long At, TimeSpan For) _rest; // after a refusal, by the clock that nobody sets

    /// <summary>What the planner is told. A grant that was lost counts as none.</summary>
    public GrantState State =>
        _state.Refused is not null ? _state with { Until = time.GetUtcNow() + _rest.For - time.GetElapsedTime(_rest.At) } : _state.Operation.Length == 0 || IsHeld ? _state : GrantState.None;

    /// <summary>Asked right before an act.</summary>
    public bool IsHeldFor(string operation) => _state.IsHeldFor(operation) && IsHeld;

    /// <summary>Each is cancelled when one of those that are held is lost.</summary>
    public ImmutableArray<CancellationToken> Lost => [.. _held.Select(grant => grant.Lost)];

    /// <summary>The operation whose permission is held; null when none is.</summary>
    public string? HeldFor => _held.IsEmpty ? null : _state.Operation;

    private bool IsHeld => !_held.IsEmpty && _held.All(grant => grant.IsHeld);

    /// <returns>Null when all granted; else who refused, and why.</returns>
    public async Task<string?> AskAsync(GrantRequest request, CancellationToken cancellationToken)
    {
        await ReleaseAsync();
        foreach (var source in sources)
        {
            var answer = await source.AskAsync(request, cancellationToken);
            if (answer.Grant is null)
            {
                await ReleaseAsync();
                _state = new GrantState(request.Operation, answer.Why, default);
                _rest = (time.GetTimestamp(), AskAgain * (1 + (random() / 2)));
                return answer.Why;
            }
            _held = _held.Add(answer.Grant);
        }
        _state = new GrantState(request.Operation, null, default);
        return null;
    }

    /// <summary>Gives back what is held.</summary>
    public async Task ReleaseAsync()
    {
        var held = _held;
        (_held, _state) = ([], GrantState.None);
        foreach (var grant in held.Reverse())
            await grant.DisposeAsync();
    }
}
