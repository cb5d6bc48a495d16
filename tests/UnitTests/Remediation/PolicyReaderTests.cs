using AIInfra.Core.Remediation.Ladders;

namespace AIInfra.UnitTests.Remediation;

public sealed class PolicyReaderTests
{
    private const string Good = "ladders:\n  - name: a\n    problems: [x.y]\n    rungs:\n      - { do: reboot, drain: node }\n";

    [Fact]
    public void The_built_in_policy_is_good_and_takes_an_Xid_79_to_a_reboot_and_then_a_replacement()
    {
        var ladder = TestActions.BuiltIn.LadderFor(TestActions.Xid79(TestActions.Start));

        Assert.Equal("off-the-bus", ladder?.Name);
        Assert.Equal(["reboot", "request-replacement"], ladder!.Rungs.Select(rung => rung.Action));
    }

    [Theory]
    [InlineData("ladders:\n  - name: a\n    rungs:\n      - { do: rebot }\n", "p:4:9", "\"rebot\" is no action")]
    [InlineData("ladders:\n  - name: a\n    rungs:\n      - { do: reboot, cooldown: 5 }\n", "p:4:33", "must be a time from 0s to 90d")]
    [InlineData("ladders:\n  - name: a\n    rungz: []\n    rungs:\n      - { do: reboot }\n", "p:3:5", "Did you mean ladders[0].rungs?")]
    [InlineData("ladders:\n  - name: a\n    rungs:\n      - { do: reboot }\n      - { do: reboot }\n", "p:2:5", "does reboot twice")]
    [InlineData("ladders:\n  - { name: a, then: b, rungs: [{ do: reboot }] }\n  - { name: b, then: a, rungs: [{ do: reset-device }] }\n", "p:2:5", "goes round for ever: a -> b -> a")]
    [InlineData("ladders:\n  - { name: a, then: c, rungs: [{ do: reboot }] }\n", "p:2:5", "c is no ladder")]
    [InlineData("ladders:\n  - { name: a, rungs: [] }\n", "p:2:5", "must be a list of 1 to 12 rungs")]
    [InlineData("ladders:\n  - { name: a, rungs: [{ do: reboot, stable: 1h, verifyWithin: 1m }] }\n", "p:2:", "could never be shown to have helped")]
    [InlineData("windows:\n  - { start: \"26:00\", length: 4h }\n", "p:2:5", "must be a time of day")]
    [InlineData("blockingPods:\n  - {}\n", "p:2:5", "every pod would block")]
    [InlineData("blockingAlerts:\n  - { names: [A] }\n", "p:2:5", "name either prometheus or alertmanager")]
    [InlineData("blockingAlerts:\n  - { prometheus: \"http://a\", alertmanager: \"http://b\" }\n", "p:2:5", "name either prometheus or alertmanager")]
    [InlineData("blockingAlerts:\n  - { prometheus: \"file:///etc/passwd\" }\n", "p:2:5", "name either prometheus or alertmanager")]
    [InlineData("limits: { disruptive: -1 }\n", "p:1:", "a whole number from 0 to 1000")]
    public void Each_fault_is_said_with_its_place(string text, string place, string sentence)
    {
        var (_, errors) = PolicyReader.Read("p", text, TestActions.All, TestActions.Probes);

        Assert.Contains(errors, error => error.ToString().Contains(sentence, StringComparison.Ordinal) && error.ToString().StartsWith(place, StringComparison.Ordinal));
    }

    [Fact]
    public void An_operators_ladder_stands_before_the_built_in_ones()
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("aik-policy-").FullName, "policy.yaml");
        File.WriteAllText(file, Good.Replace("x.y", "nvidia.*", StringComparison.Ordinal));

        var (policy, errors) = PolicyReader.Load(file, TestActions.All, TestActions.Probes);

        Assert.Empty(errors);
        Assert.Equal("a", policy.LadderFor(TestActions.Xid79(TestActions.Start))?.Name);
        Assert.NotNull(policy.Find("off-the-bus"));
    }

    [Theory]
    [InlineData(DayOfWeek.Monday, 23, true)]
    [InlineData(DayOfWeek.Tuesday, 1, true)]
    [InlineData(DayOfWeek.Tuesday, 3, false)]
    [InlineData(DayOfWeek.Monday, 1, false)]
    public void A_window_goes_on_past_midnight(DayOfWeek day, int hour, bool isOpen)
    {
        var window = new MaintenanceWindow([DayOfWeek.Monday], new TimeOnly(22, 0), TimeSpan.FromHours(4));

        Assert.Equal(isOpen, window.Holds(TestActions.Start.AddDays((int)day - 1).AddHours(hour)));
    }
}
