using System.Collections.Immutable;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Actions;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Systemd;

/// <summary>The actions on a booted machine, called as the engine calls them.</summary>
internal sealed class ActionRig(BootedMachine machine) : IDisposable
{
    public HostPaths Host { get; } = new() { Root = machine.Root };
    public HostSystem System { get; } = new(new HostPaths { Root = machine.Root }, TimeProvider.System);
    public HostHands Hands => new(Host, isUnderTest: true);

    public static ActionStep Step(string action, Subject subject, params ImmutableArray<string> arguments) => new()
    {
        Id = $"step-{Guid.NewGuid():N}",
        Operation = "operation-1",
        Action = action,
        Arguments = arguments,
        Subject = subject,
        ProblemId = "test.problem",
        Deadline = TimeSpan.FromSeconds(30),
        BootId = "",
    };

    public static Subject Unit(string name) => new(SubjectKind.Unit, name);

    /// <summary>Prepares and runs; a preparation that refuses is the result.</summary>
    public static async Task<(ActionStep Step, ActionResult Result)> DoAsync(IRemediationAction action, ActionStep step)
    {
        var preparation = await action.PrepareAsync(step, TestContext.Current.CancellationToken);
        if (preparation.WhyNot is { } why)
            return (step, ActionResult.NotPossible(why));
        var planned = step with { Proof = preparation.Proof, ResetGroup = preparation.ResetGroup };
        return (planned, await action.RunAsync(planned, TestContext.Current.CancellationToken));
    }

    public void Dispose() => System.Dispose();
}
