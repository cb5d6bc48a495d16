using System.Collections.Immutable;
using AIInfra.Core.Hosting;
using AIInfra.Core.Remediation;
using AIInfra.Kubernetes.Api;
using AIInfra.Kubernetes.Remediation;
using AIInfra.Kubernetes.Reporting;
using AIInfra.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.FunctionalTests.Kubernetes.NodeSteps;

/// <summary>Lease grants of several nodes against one stand-in API server.</summary>
internal sealed class LeaseRig : IAsyncDisposable
{
    public const string Label = "example.com/rack";

    private readonly CancellationTokenSource _ended = new();
    private readonly List<Task> _running = [];
    private readonly List<IDisposable> _disposables = [];

    private LeaseRig(ApiServerPeer server) => Server = server;

    public ApiServerPeer Server { get; }
    public static TimeSpan Duration { get; } = TimeSpan.FromSeconds(6);
    public static TimeSpan RenewDeadline { get; } = TimeSpan.FromSeconds(2);

    public static async Task<LeaseRig> StartAsync() => new(await ApiServerPeer.StartAsync("--nodes", "1"));

    /// <summary>An agent on that node; its requests bear the node's name in their User-Agent.</summary>
    public Agent Add(string node, int slots = 1, string? rack = "r1", bool runs = true, string label = Label)
    {
        var client = new ApiClient(KubeconfigReader.ReadFile(Server.Kubeconfig("admin"), TimeProvider.System), new ApiClientOptions
        {
            Time = TimeProvider.System,
            Budget = new RequestBudget(1000, 1000, TimeProvider.System),
            UserAgent = $"agent-{node}",
            Deadline = TimeSpan.FromSeconds(1),
        });
        var (board, cluster) = (new NodeBoard(), new ClusterBoard());
        board.Take(new NodeSnapshot
        {
            Name = node,
            Uid = node,
            Version = "1",
            Labels = rack is null ? ImmutableSortedDictionary<string, string>.Empty : ImmutableSortedDictionary<string, string>.Empty.Add(Label, rack),
        });
        cluster.Take(new ClusterLink(client, board, node));
        var grants = new LeaseGrants(cluster, new LeaseOptions
        {
            NodeName = node,
            DomainLabel = label,
            Slots = slots,
            Namespace = "default",
            Duration = Duration,
            RenewDeadline = RenewDeadline,
            RenewEvery = TimeSpan.FromMilliseconds(400),
        }, new WorkerBoard(), TimeProvider.System, NullLogger<LeaseGrants>.Instance);
        var stop = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token);
        if (runs)
            _running.Add(Task.Run(() => grants.RunAsync(stop.Token)));
        _disposables.AddRange([client, grants, stop]);
        return new Agent(node, grants, stop);
    }

    public async Task<string?> HolderAsync(string rack, int slot = 0) =>
        (await Server.GetAsync($"/apis/coordination.k8s.io/v1/namespaces/default/leases/{LeaseGrants.NameOf(Label, rack, slot)}")).GetProperty("spec").GetProperty("holderIdentity").GetString();

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await Task.WhenAll(_running).ContinueWith(_ => { }, TaskScheduler.Default);
        foreach (var one in _disposables)
            one.Dispose();
        _ended.Dispose();
        await Server.DisposeAsync();
    }

    /// <param name="Stop">Ends its renewing, as the end of its process does.</param>
    internal sealed record Agent(string Node, LeaseGrants Grants, CancellationTokenSource Stop)
    {
        public Task<GrantAnswer> AskAsync(string operation = "op") => Grants.AskAsync(new GrantRequest($"{operation}-{Node}", "reboot", DrainScope.Node), TestContext.Current.CancellationToken);
    }
}
