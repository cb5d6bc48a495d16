using System.Collections.Immutable;
using System.Net;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Ladders;
using AIInfra.Kubernetes.Remediation;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Remediation;

public sealed class AlertWatchTests
{
    private const string Firing = """{"status":"success","data":{"alerts":[{"labels":{"alertname":"StorageDown"},"state":"firing"},{"labels":{"alertname":"Watchdog"},"state":"firing"},{"labels":{"alertname":"Slow"},"state":"pending"}]}}""";
    private const string Active = """[{"labels":{"alertname":"StorageDown"},"status":{"state":"active"}},{"labels":{"alertname":"Slow"},"status":{"state":"suppressed"}}]""";

    private static readonly ImmutableArray<Problem> Problems = [TestActions.Xid79(TestActions.Start)];

    [Theory]
    [InlineData(AlertSource.Prometheus, Firing, "StorageDown, Watchdog fires at http://alerts:9090/")]
    [InlineData(AlertSource.Alertmanager, Active, "StorageDown fires at http://alerts:9090/")]
    [InlineData(AlertSource.Prometheus, """{"status":"success","data":{"alerts":[]}}""", null)]
    [InlineData(AlertSource.Alertmanager, "[]", null)]
    [InlineData(AlertSource.Prometheus, "<html>", "are not known")]
    [InlineData(AlertSource.Prometheus, """{"status":"success"}""", "are not known")]
    [InlineData(AlertSource.Prometheus, """{"data":{"alerts":[{"state":1}]}}""", "are not known")]
    [InlineData(AlertSource.Alertmanager, """{"a":1}""", "are not known")]
    public async Task What_fires_blocks_and_what_is_not_understood_blocks_too(AlertSource source, string answer, string? blocker)
    {
        var said = await AskAsync(source, new Answers(_ => Respond(HttpStatusCode.OK, answer)), [], []);

        Assert.Equal(blocker is not null, said is not null);
        Assert.Contains(blocker ?? "", said ?? "", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("StorageDown", "", "StorageDown fires")]
    [InlineData("Storage*", "", "StorageDown fires")]
    [InlineData("Other", "", null)]
    [InlineData("", "Watchdog", "StorageDown fires")]
    [InlineData("", "*", null)]
    public async Task The_policy_names_those_that_count(string name, string except, string? blocker)
    {
        var said = await AskAsync(AlertSource.Prometheus, new Answers(_ => Respond(HttpStatusCode.OK, Firing)), name.Length > 0 ? [name] : [], except.Length > 0 ? [except] : []);

        Assert.Equal(blocker is not null, said is not null);
        Assert.StartsWith(blocker ?? "", said ?? "", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(HttpStatusCode.ServiceUnavailable)]
    [InlineData(HttpStatusCode.Redirect)]
    public async Task A_server_that_does_not_answer_as_it_should_blocks(HttpStatusCode code) =>
        Assert.Contains("are not known", await AskAsync(AlertSource.Prometheus, new Answers(_ => Respond(code, Firing)), [], []), StringComparison.Ordinal);

    [Fact]
    public async Task An_answer_without_end_is_not_read_to_its_end() =>
        Assert.Contains("are not known", await AskAsync(AlertSource.Prometheus, new Answers(_ => Respond(HttpStatusCode.OK, new string(' ', 5 << 20))), [], []), StringComparison.Ordinal);

    [Fact]
    public void Nobody_is_asked_while_there_is_nothing_to_mend_and_until_the_answer_is_there_it_blocks()
    {
        using var watch = new AlertWatch(new ManualTime(), new Answers(_ => throw new InvalidOperationException("asked")));

        Assert.Empty(watch.Look(Policy(AlertSource.Prometheus, [], []), []).Blockers);
        Assert.Contains("are being asked for", Assert.Single(watch.Look(Policy(AlertSource.Prometheus, [], []), Problems).Blockers), StringComparison.Ordinal);
        Assert.Empty(watch.Look(new RemediationPolicy { Ladders = [] }, Problems).Blockers);
    }

    [Fact]
    public async Task A_server_that_hangs_blocks_after_its_time_and_an_old_answer_counts_no_more()
    {
        var (time, policy) = (new ManualTime(), Policy(AlertSource.Prometheus, [], []));
        using var watch = new AlertWatch(time, new Answers(async token =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, token);
            return null!;
        }));
        using var stop = new CancellationTokenSource();
        watch.Look(policy, Problems);
        var running = watch.RunAsync(stop.Token);
        await time.WhenWaitingAsync(TimeSpan.FromSeconds(10));
        time.Advance(TimeSpan.FromSeconds(10));
        await time.WhenWaitingAsync(TimeSpan.FromSeconds(30));

        Assert.Contains("no answer within 10 s", Assert.Single(watch.Look(policy, Problems).Blockers), StringComparison.Ordinal);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        time.Advance(TimeSpan.FromSeconds(80));
        Assert.Contains("are being asked for", Assert.Single(watch.Look(policy, Problems).Blockers), StringComparison.Ordinal);
    }

    /// <summary>The blocker after one round, or null.</summary>
    private static async Task<string?> AskAsync(AlertSource source, HttpMessageHandler transport, ImmutableArray<string> names, ImmutableArray<string> except)
    {
        var (time, policy) = (new ManualTime(), Policy(source, names, except));
        using var watch = new AlertWatch(time, transport);
        using var stop = new CancellationTokenSource();
        watch.Look(policy, Problems);
        var running = watch.RunAsync(stop.Token);
        await time.WhenWaitingAsync(TimeSpan.FromSeconds(30));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        return watch.Look(policy, Problems).Blockers.SingleOrDefault();
    }

    private static RemediationPolicy Policy(AlertSource source, ImmutableArray<string> names, ImmutableArray<string> except) =>
        new() { Ladders = [], BlockingAlerts = [new BlockingAlerts(source, new Uri("http://alerts:9090"), names, except)] };

    private static Task<HttpResponseMessage> Respond(HttpStatusCode code, string body) => Task.FromResult(new HttpResponseMessage(code) { Content = new StringContent(body) });

    private sealed class Answers(Func<CancellationToken, Task<HttpResponseMessage>> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => answer(cancellationToken);
    }
}
