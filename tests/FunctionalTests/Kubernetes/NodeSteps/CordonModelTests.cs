using AIInfra.Core.Remediation;
using AIInfra.Kubernetes.Remediation;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Kubernetes.NodeSteps;

/// <summary>Random histories of two operations and a person at one node, by the real cordon and uncordon. Nobody's cordon is taken back but by who set it.</summary>
public sealed class CordonModelTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_history_takes_back_the_cordon_of_another() => Assert.Null(await RunAsync(isPlanted: false, histories: 4));

    /// <summary>What is planted asks in the name of whoever stands on the node.</summary>
    [Fact]
    public async Task An_uncordon_of_anothers_cordon_is_caught() => Assert.Contains("took back the cordon of operation-", await RunAsync(isPlanted: true, histories: 20), StringComparison.Ordinal);

    private static async Task<string?> RunAsync(bool isPlanted, int histories)
    {
        await using var rig = await NodeStepRig.StartAsync();
        for (var seed = 0; seed < histories; seed++)
        {
            if (await HistoryAsync(rig, new Random(seed), isPlanted) is { } broken)
                return $"seed {seed}: {broken}";
        }
        return null;
    }

    private static async Task<string?> HistoryAsync(NodeStepRig rig, Random random, bool isPlanted)
    {
        await rig.Server.KubectlAsync("uncordon", ApiServerPeer.Node);
        var owner = "";
        for (var step = 0; step < 12; step++)
        {
            var operation = $"operation-{random.Next(2)}";
            switch (random.Next(6))
            {
                case 0:
                    await rig.Server.KubectlAsync("cordon", ApiServerPeer.Node);
                    owner = owner.Length == 0 ? "a person" : owner;
                    break;
                case 1:
                    await rig.Server.KubectlAsync("uncordon", ApiServerPeer.Node);
                    await rig.UncordonAsync(owner); // the agent takes notice
                    owner = "";
                    break;
                case 2 or 3:
                    await rig.CordonAsync(operation, $"problem.{operation}");
                    owner = owner.StartsWith("operation", StringComparison.Ordinal) || (owner.Length == 0 && await rig.IsCordonedAsync()) ? operation : owner; // a later operation takes it over
                    break;
                default:
                    var said = await rig.UncordonAsync(isPlanted ? await OfMarkAsync(rig) ?? operation : operation);
                    var isCordoned = await rig.IsCordonedAsync();
                    if (owner.Length > 0 && owner != operation && !isCordoned)
                        return $"{operation} took back the cordon of {owner}";
                    if (owner == operation && isCordoned)
                        return $"{operation} did not take back its own cordon: {said.Says}";
                    owner = isCordoned ? owner : "";
                    break;
            }
        }
        return null;
    }

    private static async Task<string?> OfMarkAsync(NodeStepRig rig) => await rig.AnnotationAsync(AgentMark.Cordoned) is { } mark
        ? new[] { "operation-0", "operation-1" }.FirstOrDefault(operation => mark.Contains(operation, StringComparison.Ordinal)) : null;
}
