using System.Collections.Frozen;
using System.Collections.Immutable;

namespace AIInfra.Core.Remediation.Ladders;

/// <summary>The actions that a policy may name: those that were registered, and those of the built-in ladders that this agent lacks.</summary>
public static class ActionSet
{
    private static readonly string[] BuiltInNames = ["restart-unit", "reset-device", "reboot", "request-replacement", "drain"];

    public static FrozenDictionary<string, IRemediationAction> Of(IEnumerable<IRemediationAction> registered)
    {
        var all = registered.ToDictionary(action => action.Name, StringComparer.Ordinal);
        foreach (var name in BuiltInNames)
            all.TryAdd(name, new AbsentAction(name));
        return all.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>Says that it cannot be done, and so never is: the ladder shows it instead of passing it over.</summary>
    private sealed class AbsentAction(string name) : IRemediationAction
    {
        private string Why => $"this agent has no action {Name}.";

        public string Name { get; } = name;
        public bool IsDisruptive => Name is not ("restart-unit" or "request-replacement");
        public string? Refuse(ImmutableArray<string> arguments) => null;
        public Task<Preparation> PrepareAsync(ActionStep planned, CancellationToken cancellationToken) => Task.FromResult(Preparation.NotPossible(Why));
        public Task<ActionResult> RunAsync(ActionStep planned, CancellationToken cancellationToken) => Task.FromResult(ActionResult.NotPossible(Why));
        public Task<ActionResult> ResolveAsync(ActionStep planned, CancellationToken cancellationToken) => Task.FromResult(ActionResult.Unknown(Why));
    }
}
