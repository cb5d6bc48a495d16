using AIInfra.Core.Remediation;
using AIInfra.Kubernetes.Api;
using AIInfra.Kubernetes.Remediation;

namespace AIInfra.UnitTests.Remediation;

public sealed class DrainRulesTests
{
    [Theory]
    [InlineData("unmanaged=keep")]
    [InlineData("unmanaged")]
    [InlineData("grace=0s")]
    [InlineData("grace=-5s")]
    [InlineData("grace=5")]
    [InlineData("force-after=")]
    [InlineData("colour=red")]
    [InlineData("")]
    public void What_is_no_argument_of_a_drain_is_refused_with_those_that_are(string argument) =>
        Assert.Contains("unmanaged=evict", DrainRules.Refuse([argument]), StringComparison.Ordinal);

    [Fact]
    public void Each_argument_is_given_once()
    {
        Assert.Null(DrainRules.Refuse(["unmanaged=evict", "empty-dir=refuse", "do-not-disrupt=evict", "grace=30s", "force-after=10m"]));
        Assert.NotNull(DrainRules.Refuse(["grace=30s", "grace=40s"]));
    }

    [Theory]
    [InlineData("Running", "ReplicaSet", DrainScope.Node, "", PodFate.Moves)]
    [InlineData("Pending", "Job", DrainScope.Node, "", PodFate.Moves)]
    [InlineData("Succeeded", null, DrainScope.Node, "", PodFate.Stays)]
    [InlineData("Failed", null, DrainScope.Device, "", PodFate.Stays)]
    [InlineData("Running", "DaemonSet", DrainScope.Node, "", PodFate.Stays)]
    [InlineData("Running", "DaemonSet", DrainScope.Device, "", PodFate.Holds)] // it would be started on the device again
    [InlineData("Running", "Node", DrainScope.Node, "kubernetes.io/config.mirror=x", PodFate.Stays)]
    [InlineData("Running", null, DrainScope.Node, "", PodFate.Holds)]
    [InlineData("Running", "ReplicaSet", DrainScope.Node, "karpenter.sh/do-not-disrupt=true", PodFate.Holds)]
    [InlineData("Running", "ReplicaSet", DrainScope.Node, "karpenter.sh/do-not-disrupt=false", PodFate.Moves)]
    [InlineData("Running", "ReplicaSet", DrainScope.Device, "cluster-autoscaler.kubernetes.io/safe-to-evict=false", PodFate.Holds)]
    [InlineData("Running", "ReplicaSet", DrainScope.Node, "cluster-autoscaler.kubernetes.io/safe-to-evict=true", PodFate.Moves)]
    internal void A_pod_moves_stays_or_holds(string phase, string? owner, DrainScope scope, string annotation, PodFate fate) =>
        Assert.Equal(fate, new DrainRules().Judge(Pod(phase, owner, annotation), scope).Fate);

    [Fact]
    public void A_pod_that_ends_already_is_waited_for_whatever_it_asks_for()
    {
        var ending = Pod("Running", null, "karpenter.sh/do-not-disrupt=true");

        Assert.Equal(PodFate.Moves, new DrainRules().Judge(ending with { Metadata = ending.Metadata with { DeletionTimestamp = DateTimeOffset.UnixEpoch } }, DrainScope.Node).Fate);
    }

    [Fact]
    public void The_policy_lets_more_or_less_be_moved()
    {
        var volumes = Pod("Running", "ReplicaSet", "") with { Spec = new PodSpec { Volumes = [new PodVolume { EmptyDir = new EmptyDirVolume("Memory") }] } };

        Assert.Equal(PodFate.Moves, new DrainRules().Judge(volumes, DrainScope.Node).Fate);
        Assert.Equal(PodFate.Holds, DrainRules.Of(["empty-dir=refuse"]).Judge(volumes, DrainScope.Node).Fate);
        Assert.Equal(PodFate.Moves, DrainRules.Of(["unmanaged=evict"]).Judge(Pod("Running", null, ""), DrainScope.Node).Fate);
        Assert.Equal(PodFate.Moves, DrainRules.Of(["do-not-disrupt=evict"]).Judge(Pod("Running", "Job", "karpenter.sh/do-not-disrupt=true"), DrainScope.Node).Fate);
    }

    [Theory]
    [InlineData(600, 60)] // no pod gets longer than the policy gives
    [InlineData(30, null)] // its own time is shorter
    public void The_time_to_end_is_bounded_and_never_lengthened(int own, int? asked) =>
        Assert.Equal(asked, DrainRules.Of(["grace=1m"]).GraceOf(new PodObject { Spec = new PodSpec { TerminationGracePeriodSeconds = own } }));

    private static PodObject Pod(string phase, string? owner, string annotation) => new()
    {
        Metadata = new ObjectMeta
        {
            Namespace = "default",
            Name = "p",
            Uid = "u",
            OwnerReferences = owner is null ? null : [new OwnerReference(owner, "owner", true)],
            Annotations = annotation.Split('=') is [var key, var value] ? System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty.Add(key, value) : null,
        },
        Status = new PodStatus { Phase = phase },
    };
}
