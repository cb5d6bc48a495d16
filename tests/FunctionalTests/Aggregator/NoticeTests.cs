using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Text;
using System.Text.Json;
using AIInfra.Aggregator.Grants;
using AIInfra.Aggregator.Incidents;
using AIInfra.Aggregator.Notify;
using AIInfra.Aggregator.Store;
using AIInfra.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.FunctionalTests.Aggregator;

public sealed class NoticeTests : IAsyncLifetime
{
    private static readonly byte[] Secret = "0123456789abcdef"u8.ToArray();

    private readonly string _folder = Directory.CreateTempSubdirectory("notices-").FullName;
    private readonly ConcurrentQueue<(string Body, string Signature, string Id)> _taken = [];
    private readonly ConcurrentQueue<int> _answers = [];
    private WebApplication? _hook;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private Uri Hook => new($"{_hook!.Urls.Single()}/hook");

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        _hook = builder.Build();
        _hook.Run(async context =>
        {
            using var body = new StreamReader(context.Request.Body);
            var text = await body.ReadToEndAsync();
            context.Response.StatusCode = _answers.TryDequeue(out var status) ? status : 200;
            if (context.Response.StatusCode == 200)
                _taken.Enqueue((text, context.Request.Headers["AIInfra-Signature"].ToString(), context.Request.Headers["AIInfra-Notice"].ToString()));
        });
        await _hook.StartAsync(Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _hook!.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task What_is_sent_to_a_webhook_is_signed()
    {
        await using var fleet = await StartAsync();
        using var targets = new NoticeTargets(Options(), TimeProvider.System);
        await NotifyAsync(fleet, "it is \"so\"");

        Assert.Equal(1, await Sender(fleet, targets).SendOnceAsync(Token));

        var (body, signature, id) = Assert.Single(_taken);
        var (at, mark) = (signature.Split(',')[0][2..], signature.Split(",v1=")[1]);
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.HMACSHA256.HashData(Secret, Encoding.UTF8.GetBytes($"{at}.{body}"))), mark);
        using var parsed = JsonDocument.Parse(body);
        Assert.Equal("it is \"so\"", parsed.RootElement.GetProperty("notice").GetProperty("description").GetString());
        Assert.Equal(id, parsed.RootElement.GetProperty("id").GetRawText());
        Assert.Equal(0, await Sender(fleet, targets).SendOnceAsync(Token)); // once
    }

    [Fact]
    public async Task What_fails_is_tried_later_and_later_and_then_laid_aside_where_a_person_finds_it()
    {
        await using var fleet = await StartAsync();
        using var targets = new NoticeTargets(Options() with { Attempts = 3 }, TimeProvider.System);
        var sender = Sender(fleet, targets, attempts: 3);
        await NotifyAsync(fleet, "x");
        for (var at = 0; at < 9; at++)
            _answers.Enqueue(503); // three attempts of three tries each

        Assert.Equal(1, await sender.SendOnceAsync(Token));
        Assert.Equal(0, await sender.SendOnceAsync(Token)); // not due yet
        fleet.Time.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal(1, await sender.SendOnceAsync(Token));
        fleet.Time.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal(0, await sender.SendOnceAsync(Token));
        fleet.Time.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal(1, await sender.SendOnceAsync(Token));

        var letters = new DeadLetters(fleet.Database);
        var dead = Assert.Single(await letters.ReadAsync(Token));
        Assert.Equal((3, $"{Hook} answers 503."), (dead.Attempts, dead.Says));
        Assert.Contains("notice.dead", await fleet.TrailAsync());
        Assert.True(await letters.RetryAsync(dead.Id, "token alice", Token));
        Assert.Equal(1, await sender.SendOnceAsync(Token));
        Assert.Single(_taken);
        Assert.Empty(await letters.ReadAsync(Token));
    }

    [Fact]
    public async Task What_will_never_be_taken_is_laid_aside_at_once()
    {
        await using var fleet = await StartAsync();
        using var targets = new NoticeTargets(Options(), TimeProvider.System);
        await NotifyAsync(fleet, "x");
        _answers.Enqueue(400);

        await Sender(fleet, targets).SendOnceAsync(Token);

        Assert.Equal(1, Assert.Single(await new DeadLetters(fleet.Database).ReadAsync(Token)).Attempts);
    }

    [Fact]
    public async Task Replicas_share_the_work_and_a_receiver_is_told_once()
    {
        await using var fleet = await StartAsync();
        await using var other = fleet.Beside(Connection);
        await other.BeatAsync();
        using var targets = new NoticeTargets(Options(), TimeProvider.System);
        for (var at = 0; at < 60; at++)
            await NotifyAsync(fleet, $"x{at}", name: $"N{at}");

        var senders = (NoticeSender[])[Sender(fleet, targets), Sender(other, targets)];
        await Task.WhenAll(senders.Select(async sender =>
        {
            while (await sender.SendOnceAsync(Token) > 0)
                ;
        }));

        Assert.Equal(60, _taken.Count);
        Assert.Equal(60, _taken.Select(taken => taken.Id).Distinct().Count());
    }

    [Fact]
    public async Task A_real_Alertmanager_shows_an_incident_until_it_ends()
    {
        var program = RepositoryRoot.Combine("out", "tools", "debian", "usr", "bin", "prometheus-alertmanager");
        Assert.SkipUnless(File.Exists(program), "Alertmanager is not there: run build/tools.sh.");
        await File.WriteAllTextAsync(Path.Combine(_folder, "am.yml"), "route: { receiver: none }\nreceivers: [{ name: none }]\n", Token);
        var port = FreePort();
        // It is unpacked, not installed, and looks for its templates below /usr/share: it gets one of its own.
        await using var manager = PeerProcess.Start("unshare",
            ["--map-root-user", "--mount", "sh", "-c", "mount --bind \"$1\" /usr/share && shift && exec \"$@\"", "sh", RepositoryRoot.Combine("out", "tools", "debian", "usr", "share"), program,
                $"--config.file={_folder}/am.yml", $"--storage.path={_folder}/am", $"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]);
        var address = new Uri($"http://127.0.0.1:{port}");
        await using var fleet = TestFleet.Open(Connection, TestFleet.Armed(new Budget("fleet", "", Amount.Of(1))), new ManualTime(DateTimeOffset.UtcNow));
        await fleet.BeatAsync();
        using var targets = new NoticeTargets(new NotifyOptions { Alertmanagers = [address] }, fleet.Time);
        var sender = Sender(fleet, targets);
        var incidents = new IncidentStore(fleet.Database);
        var found = new Found("nvidia.xid.79", fleet.Time.GetUtcNow(), new SharedPart("domain", "rack=r7"), 10, ["n1", "n2", "n3"]);
        var standing = found.Members.Select(node => (found.Problem, Node: node)).ToLookup(one => one.Problem, one => one.Node);
        await incidents.ApplyAsync([found], standing, Token);
        await UntilUpAsync(address);

        Assert.Equal(1, await sender.SendOnceAsync(Token));
        var alert = Assert.Single(await AlertsAsync(address));
        Assert.Equal("AIInfraIncident nvidia.xid.79 active nvidia.xid.79 on 3 nodes that share domain rack=r7", alert);
        await sender.TellLevelsAsync(Token);
        Assert.Single(await AlertsAsync(address));

        await incidents.ApplyAsync([], Array.Empty<string>().ToLookup(_ => "", _ => ""), Token);
        await sender.SendOnceAsync(Token);
        Assert.Empty(await AlertsAsync(address));
    }

    [Fact]
    public void Options_that_cannot_work_are_refused()
    {
        Assert.Equal(2, new NotifyOptions { Webhook = new Uri("ftp://x") }.Faults().Count());
        Assert.Single(new NotifyOptions { Alertmanagers = [new Uri("http://user:pw@x")] }.Faults());
        Assert.Empty(Options().Faults());
    }

    private string Connection => $"Data Source={Path.Combine(_folder, "fleet.db")}";

    private NotifyOptions Options() => new() { Webhook = Hook, WebhookSecret = Secret };

    private async Task<TestFleet> StartAsync()
    {
        var fleet = TestFleet.Open(Connection, TestFleet.Armed(new Budget("fleet", "", Amount.Of(1))));
        await fleet.BeatAsync();
        return fleet;
    }

    private static NoticeSender Sender(TestFleet fleet, NoticeTargets targets, int attempts = 12) =>
        new(fleet.Database, fleet.Replicas, targets, new NotifyOptions { Attempts = attempts }, fleet.Time, NullLogger<NoticeSender>.Instance);

    private static Task<bool> NotifyAsync(TestFleet fleet, string says, string name = "Test") => fleet.Database.WriteAsync(async session =>
    {
        await Notices.AddAsync(session, new Notice(name, "warning", ImmutableSortedDictionary<string, string>.Empty, "s", says, session.Now, null));
        return true;
    }, Token);

    private static async Task<List<string>> AlertsAsync(Uri address)
    {
        using var client = new HttpClient();
        using var parsed = JsonDocument.Parse(await client.GetStringAsync(new Uri(address, "/api/v2/alerts"), Token));
        return [.. parsed.RootElement.EnumerateArray().Select(alert => string.Join(' ',
            alert.GetProperty("labels").GetProperty("alertname").GetString(), alert.GetProperty("labels").GetProperty("problem").GetString(),
            alert.GetProperty("status").GetProperty("state").GetString() is "unprocessed" ? "active" : alert.GetProperty("status").GetProperty("state").GetString(),
            alert.GetProperty("annotations").GetProperty("summary").GetString()))];
    }

    private static async Task UntilUpAsync(Uri address)
    {
        using var client = new HttpClient();
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await client.GetStringAsync(new Uri(address, "/-/ready"), Token);
                return;
            }
            catch (HttpRequestException) when (attempt < 1200)
            {
                await Task.Delay(50, Token);
            }
        }
    }

    private static int FreePort()
    {
        using var socket = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        return ((IPEndPoint)socket.LocalEndpoint).Port;
    }
}
