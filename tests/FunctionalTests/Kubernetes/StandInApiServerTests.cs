using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Kubernetes;

/// <summary>The stand-in API server (tests/peers/apiserver) checks itself, with the real kubectl where one can: a peer that is wrong would prove nothing.</summary>
public sealed class StandInApiServerTests
{
    public static TheoryData<string> Topics { get; } =
    [
        "kubectl reads", "kubectl sees events", "kubectl watches", "kubectl writes", "kubectl applies", "kubectl drains", "kubectl and rights",
        "versions and conflicts", "patches", "unknown fields and wrong values", "events", "server-side apply", "deletion and eviction", "admission policies",
        "lists", "watches",
        "transport", "credentials", "answers that a test asks for", "a broken network",
    ];

    [Theory]
    [MemberData(nameof(Topics))]
    public async Task It_passes_its_own_test(string topic)
    {
        await using var selfTest = SelfTest(topic);

        var exitCode = await selfTest.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(exitCode == 0, selfTest.Transcript);
        Assert.Contains($"passed {topic}", selfTest.Transcript, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_topic_is_left_out()
    {
        await using var selfTest = SelfTest("--list");

        Assert.Equal(0, await selfTest.WaitForExitAsync(TestContext.Current.CancellationToken));

        Assert.Equal(Topics.Select(row => row.Data), selfTest.Transcript.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static PeerProcess SelfTest(string argument) =>
        PeerProcess.Start("node", [RepositoryRoot.Combine("tests", "peers", "apiserver", "selftest.mjs"), argument]);
}
