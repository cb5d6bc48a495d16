using AIInfra.Aggregator.Grants;

namespace AIInfra.UnitTests.Aggregator;

public sealed class GrantPolicyReaderTests
{
    [Fact]
    public void A_whole_file_is_read()
    {
        var (policy, errors) = GrantPolicyReader.Read("policy.yaml", """
            budgets:
            - { name: fleet, maxUnavailable: 5%, rate: { starts: 20, window: 10m } }
            - { name: racks, label: topology.example/rack, maxUnavailable: 1, minAvailable: 2 }
            jobMaxUnavailable: 10%
            breaker: { percent: 30, atLeast: 20, window: 5m }
            view: { seenPercent: 95, for: 1m }
            lifetime: 3m
            lostAfter: 60s
            approvalFor: 30m
            incidentSettle: 0s
            approvedActions: [reboot]
            approvedNodes: ["role=storage", "control"]
            heldByIncidents: []
            """);

        Assert.Empty(errors);
        Assert.Equal(new Budget("fleet", "", Amount.OfPercent(5), 0, new StartRate(20, TimeSpan.FromMinutes(10))), policy.Budgets[0]);
        Assert.Equal(new Budget("racks", "topology.example/rack", Amount.Of(1), 2), policy.Budgets[1]);
        Assert.Equal((Amount.OfPercent(10), 30, 95, TimeSpan.FromMinutes(3)), (policy.JobMaxUnavailable!, policy.Breaker.Percent, policy.View.SeenPercent, policy.Lifetime));
        Assert.Equal([("role", "storage"), ("control", "")], policy.ApprovedNodes);
        Assert.Equal("reboot", Assert.Single(policy.ApprovedActions));
        Assert.Empty(policy.HeldByIncidents);
    }

    [Fact]
    public void An_empty_file_and_none_are_the_defaults()
    {
        Assert.Empty(GrantPolicyReader.Read("policy.yaml", "").Errors);
        Assert.Equal(new GrantPolicy().Budgets, GrantPolicyReader.Load("").Policy.Budgets);
        Assert.Empty(new GrantPolicy().Faults());
    }

    [Theory]
    [InlineData("budgets: [{ name: a }]", "budgets[0].maxUnavailable: is missing: a number of nodes, as in 2, or a share, as in 5%.")]
    [InlineData("budgets: [{ name: a, maxUnavailable: 101% }]", "budgets[0].maxUnavailable: \"101%\" is not usable; it must be a number of nodes, as in 2, or a share, as in 5%.")]
    [InlineData("budgets: [{ name: a, maxUnavailable: -1 }]", "\"-1\" is not usable")]
    [InlineData("budgets: [{ name: a, maxUnavailable: 1, rate: { starts: 0, window: 10m } }]", "a whole number from 1 to 1000000")]
    [InlineData("budgets: [{ name: a, maxUnavailable: 1, rate: { starts: 1, window: 10 } }]", "\"10\" is not usable; it must be a time, as in 30s, 10m or 2h.")]
    [InlineData("budgets: [{ name: a, maxUnavailable: 1 }, { name: a, maxUnavailable: 2 }]", "budgets has two of the name a")]
    [InlineData("budgets: [{ maxUnavailable: 1 }]", "budgets has one without a name")]
    [InlineData("budget: []", "Did you mean budgets?")]
    [InlineData("breaker: { percent: 0 }", "breaker.percent: \"0\" is not usable")]
    [InlineData("lifetime: 5s", "lifetime is 00:00:05; allowed is 30s to 1h.")]
    [InlineData("approvedNodes: [[]]", "each must be a text")]
    [InlineData("[]", "the file must be a mapping")]
    public void Each_fault_is_said_with_its_place(string text, string says) =>
        Assert.Contains(GrantPolicyReader.Read("policy.yaml", text).Errors, error => error.ToString().StartsWith("policy.yaml", StringComparison.Ordinal) && error.ToString().Contains(says, StringComparison.Ordinal));

    [Theory]
    [InlineData("5%", 19, 0)]
    [InlineData("5%", 20, 1)]
    [InlineData("100%", 7, 7)]
    [InlineData("0%", 7, 0)]
    [InlineData("3", 2, 3)]
    public void A_share_is_rounded_down(string text, int nodes, int allowed)
    {
        Assert.True(Amount.TryParse(text, out var amount));
        Assert.Equal(allowed, amount.Among(nodes));
    }
}
