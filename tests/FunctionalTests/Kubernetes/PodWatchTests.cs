using System.Collections.Immutable;
using AIInfra.Kubernetes.Reporting;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Kubernetes;

/// <summary>The pods of the agent's node, as a stand-in API server has them, with the rights that are shipped.</summary>
public sealed class PodWatchTests
{
    private const string Namespace = "aiinfra-system", Pod = "agent-node-1", Path = "/api/v1/namespaces/aiinfra-system/pods/aiinfra-agent-node-1";

    private static readonly string Rights = RepositoryRoot.Combine("deploy", "kubernetes", "rbac.yaml");
    private static readonly (string, string) Own = (Namespace, $"aiinfra-{Pod}");

    [Fact]
    public async Task Uid_and_the_labels_that_are_asked_for_are_known_and_follow_each_change()
    {
        await using var rig = await ReportingRig.StartAsync(null, "--manifest", Rights, "--manifest", RepositoryRoot.Combine("deploy", "kubernetes", "rbac-pods.yaml"));
        rig.PodLabels = ["team", "app.kubernetes.io/*"];
        rig.Run();

        await rig.EventuallyAsync(() => Task.FromResult(rig.Pods.Current.Value.ContainsKey(Own)), () => string.Join(", ", rig.Board.Parts.Values));
        var uid = (await rig.Server.GetAsync(Path)).GetProperty("metadata").GetProperty("uid").GetString();
        Assert.Equal(uid, rig.Pods.Current.Value[Own].Uid);

        await rig.Server.PatchAsync(Path, """{"metadata":{"labels":{"team":"llm","app.kubernetes.io/name":"train","secret":"x"}}}""");
        await rig.EventuallyAsync(() => Task.FromResult(Labels(rig).Length == 2), () => string.Join(", ", Labels(rig)));
        Assert.Equal([new("app.kubernetes.io/name", "train"), new("team", "llm")], Labels(rig));

        await rig.Server.AskAsync($$"""{"command":"request","method":"DELETE","path":"{{Path}}?gracePeriodSeconds=0"}""");
        await rig.EventuallyAsync(() => Task.FromResult(!rig.Pods.Current.Value.ContainsKey(Own)), () => "still there");
        Assert.Equal(0, await rig.Server.CountAsync("""{"verb":"list","path":"^/api/v1/pods$","query":"^$"}""")); // never all pods of the cluster
    }

    [Fact]
    public async Task Without_the_right_it_is_said_and_nothing_else_is_disturbed()
    {
        await using var rig = await ReportingRig.StartAsync(null, "--manifest", Rights);
        rig.PodLabels = [];
        rig.Run();

        await rig.WaitForPartAsync(PodWatch.Part, false, "403");
        await rig.WaitForPartAsync(NodeWatch.Part, true);
        Assert.Empty(rig.Pods.Current.Value);
    }

    private static ImmutableArray<KeyValuePair<string, string>> Labels(ReportingRig rig) => rig.Pods.Current.Value.TryGetValue(Own, out var details) ? details.Labels : [];
}
