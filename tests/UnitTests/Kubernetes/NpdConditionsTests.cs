using AIInfra.Core.Health.Npd;
using AIInfra.Kubernetes.Reporting;
using AIInfra.UnitTests.Npd;

namespace AIInfra.UnitTests.Kubernetes;

public sealed class NpdConditionsTests
{
    [Fact]
    public void Conditions_of_the_files_are_wanted_under_their_own_names_and_true_is_bad()
    {
        using var npd = new NpdText("""
            { "plugin": "kmsg", "lookback": "5m",
              "conditions": [ { "type": "KernelDeadlock", "reason": "NoDeadlock", "message": "fine" }, { "type": "KernelHealthy", "reason": "X", "message": "the agent's own" } ],
              "rules": [ { "type": "permanent", "condition": "KernelDeadlock", "reason": "DockerHung", "pattern": "hung.*" } ] }
            """);
        npd.Line("hung 1");

        var wanted = Assert.Single(NpdConditions.Wanted(npd.Snapshot));

        Assert.Equal(("KernelDeadlock", "True", "DockerHung", "hung 1", true), (wanted.Type, wanted.Status, wanted.Reason, wanted.Message, wanted.IsBad));
        Assert.Contains("KernelDeadlock", new NpdConditions(npd.Board).Types);
        Assert.Equal(NpdSnapshot.Empty.Conditions, new NpdConditions(null).Current.Value.Conditions);
    }
}
