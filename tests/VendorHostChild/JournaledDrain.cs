using System.Collections.Frozen;
using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Journal;
using AIInfra.Core.Remediation.Planning;
using AIInfra.Core.Sharing;
using AIInfra.Core.VendorHost;
using AIInfra.Kubernetes.Remediation;
using AIInfra.Kubernetes.Reporting;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.VendorHostChild;

/// <summary>An agent that cordons, drains and uncordons its node, each step in the journal as the engine writes it; first it settles what an earlier one left. FOLDER node-steps KUBECONFIG NODE.</summary>
/// <remarks>Somebody else kills it. What it knows at its end stands in <c>said</c>: action and outcome of each step.</remarks>
internal static class JournaledDrain
{
    private static readonly TimeProvider Time = TimeProvider.System;

    public static async Task<int> RunAsync(string folder, string kubeconfig, string node)
    {
        var (cluster, pods, inventory, workers) = (new ClusterBoard(), new PodBoard(), new InventoryBoard(), new WorkerBoard());
        using var health = new HealthBoard(Time, "boot-1", []);
        var offers = new OfferBoard(inventory, [], NullLogger<OfferBoard>.Instance);
        var held = new PodResourcesBoard();
        var boards = new ReportingBoards(
            health, inventory, workers, new VendorReleases(Time, []), new VendorPauses(), new FeatureLabels(new(ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal))),
            new PodHolders(held, offers), Cluster: cluster, NodePods: pods);
        var reporting = new KubernetesWorker(new ReportingOptions { NodeName = node, Kubeconfig = kubeconfig, Version = "1", SetsTaint = true, MovesPods = true }, boards, Time, NullLoggerFactory.Instance);
        using var stop = new CancellationTokenSource();
        var running = reporting.RunAsync(stop.Token);

        var (writer, look) = (new NodeWriter(cluster, Time, Random.Shared.NextDouble), new DrainLook(cluster, new DevicePods(held, offers, inventory)));
        IRemediationAction[] actions = [new Cordon(cluster, writer, look, Time), new Drain(cluster, pods, look, new StepProgress(), Time, Random.Shared.NextDouble), new Uncordon(cluster, writer)];
        using var journal = new RemediationJournal(folder, Time, NullLogger<RemediationJournal>.Instance);
        await journal.RecoverAsync();
        await new StepResolver(journal, actions.ToFrozenDictionary(action => action.Name), Time).ResolveAsync(CancellationToken.None);
        while (cluster.Current.Value is not { WhyNot: null, Link: not null })
            await Task.Delay(20);
        foreach (var action in actions)
        {
            if (journal.History.Records.All(record => record.Step.Action != action.Name))
                await DoAsync(journal, action, $"a1-{action.Name}");
            while (journal.History.Open is { Then: Follow.Again } open && open.Last.Step.Action == action.Name)
                await DoAsync(journal, action, $"a1-{action.Name}-{open.Steps.Length}");
        }
        await stop.CancelAsync();
        await running.ContinueWith(_ => { }, TaskScheduler.Default);
        File.WriteAllLines(Path.Combine(folder, "said"), journal.History.Records.Select(record => $"{record.Step.Action} {record.Result?.Outcome} {record.Result?.Says}"));
        return 0;
    }

    private static async Task DoAsync(RemediationJournal journal, IRemediationAction action, string id)
    {
        var step = new ActionStep
        {
            Id = id,
            Operation = "a1",
            Action = action.Name,
            Arguments = [],
            Subject = Subject.Node,
            ProblemId = "host.test",
            Drain = DrainScope.Node,
            Deadline = TimeSpan.FromSeconds(20),
            BootId = "boot-1",
            Proof = new ActionProof(ProofKind.Level, ""),
        };
        var record = new StepRecord { Step = step, Ladder = "test", Rung = 0, State = StepState.Intended, IntendedAt = Time.GetUtcNow(), IsDisruptive = action.Name != NodeSteps.Uncordon };
        if (await journal.IntendAsync(record) is { } refusal)
            throw new InvalidOperationException(refusal);
        await journal.RecordAsync(record.With(await action.RunAsync(step, CancellationToken.None), Time.GetUtcNow()));
    }
}
