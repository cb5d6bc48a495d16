using System.Text;
using AIInfra.Core.Hosting;
using AIInfra.Core.Web;
using AIInfra.Linux.Crypt;
using AIInfra.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.UnitTests.Web;

public sealed class WebGuardTests : IDisposable
{
    private const string Hash = "$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a"; // of "secret"

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("aiinfra-web-");
    private readonly ManualTime _time = new();
    private readonly WorkerBoard _parts = new();

    private string File => Path.Combine(_folder.FullName, "web.yaml");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task More_scrapes_at_once_than_allowed_are_refused_and_the_others_go_on()
    {
        using var guard = new WebGuard(null, mostScrapes: 2);
        var release = new TaskCompletionSource();
        Task Slow(HttpContext context, bool isTrusted) => release.Task;
        var running = new[] { guard.AnswerAsync(Request("/metrics"), Slow), guard.AnswerAsync(Request("/metrics"), Slow) };

        var third = Request("/metrics");
        await guard.AnswerAsync(third, Slow);
        Assert.Equal(503, third.Response.StatusCode);
        Assert.Equal("1", third.Response.Headers.RetryAfter);
        Assert.Equal(1, guard.Refused);

        var health = Request("/healthz");
        await guard.AnswerAsync(health, (_, _) => Task.CompletedTask); // not a scrape
        Assert.Equal(200, health.Response.StatusCode);

        release.SetResult();
        await Task.WhenAll(running);
        var fourth = Request("/metrics");
        await guard.AnswerAsync(fourth, Slow);
        Assert.Equal(200, fourth.Response.StatusCode);
    }

    [Fact]
    public async Task A_scrape_that_fails_gives_its_place_back()
    {
        using var guard = new WebGuard(null, mostScrapes: 1);

        await Assert.ThrowsAsync<IOException>(() => guard.AnswerAsync(Request("/metrics"), (_, _) => throw new IOException("gone")));

        Assert.Equal(200, await StatusAsync(guard, Request("/metrics")));
    }

    [Fact]
    public async Task A_password_is_hashed_once_and_an_unknown_name_takes_as_long()
    {
        using var access = new WebAccess(Bcrypt.Instance!);
        var users = new Dictionary<string, string> { ["alice"] = Hash };
        Task<WebAnswer> Ask(string text) => access.AskAsync(users, $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(text))}", TestContext.Current.CancellationToken);

        Assert.Equal(WebAnswer.Welcome, await Ask("alice:secret"));
        Assert.Equal(WebAnswer.Welcome, await Ask("alice:secret"));
        Assert.Equal(1, access.Checks);
        Assert.Equal(WebAnswer.Unknown, await Ask("alice:wrong"));
        Assert.Equal(WebAnswer.Unknown, await Ask("alice:wrong"));
        Assert.Equal(2, access.Checks);
        Assert.Equal(WebAnswer.Unknown, await Ask("bob:secret"));
        Assert.Equal(3, access.Checks); // it was hashed, although there is no such user
        Assert.Equal(WebAnswer.Unknown, await Ask("bob:fakepassword")); // the stand-in hash is a password of nobody
        Assert.Equal(WebAnswer.Welcome, await Ask("alice:secret"));

        users["alice"] = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"; // another password counts from now on
        Assert.Equal(WebAnswer.Unknown, await Ask("alice:secret"));
        Assert.Equal(WebAnswer.Welcome, await Ask("alice:U*U*"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Basic")]
    [InlineData("Basic ")]
    [InlineData("Basic !!!!")]
    [InlineData("Basic YWxpY2U=")] // no colon
    [InlineData("Bearer YWxpY2U6c2VjcmV0")]
    public async Task A_header_that_is_no_basic_authentication_is_nobody_and_costs_nothing(string header)
    {
        using var access = new WebAccess(Bcrypt.Instance!);

        Assert.Equal(WebAnswer.Unknown, await access.AskAsync(new Dictionary<string, string> { ["alice"] = Hash }, header, TestContext.Current.CancellationToken));
        Assert.Equal(0, access.Checks);
    }

    [Fact]
    public async Task Guesses_beyond_the_bound_are_turned_away_unhashed_and_a_known_password_is_not()
    {
        using var access = new WebAccess(Bcrypt.Instance!);
        var users = new Dictionary<string, string> { ["alice"] = "$2b$10$" + Hash[7..] };
        Task<WebAnswer> Ask(string user, string password) =>
            access.AskAsync(users, $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"))}", TestContext.Current.CancellationToken);

        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(number => Ask("alice", $"guess {number}")));

        Assert.Contains(WebAnswer.Busy, answers);
        Assert.InRange(access.Checks, 1, 39);
        Assert.DoesNotContain(WebAnswer.Welcome, answers);
    }

    [Fact]
    public async Task A_changed_file_counts_within_a_second_and_a_broken_one_changes_nothing_but_readyz()
    {
        Write($"basic_auth_users: {{ alice: \"{Hash}\" }}");
        var file = WebConfigFile.Open(File, _parts, _time, NullLogger.Instance);
        using var guard = new WebGuard(file, 4);
        Assert.Equal(401, await StatusAsync(guard, Request("/metrics")));
        Assert.Equal(200, await StatusAsync(guard, Request("/metrics", "alice:secret")));

        Write("basic_auth_users: { alice: 5 }");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(401, await StatusAsync(guard, Request("/metrics")));
        Assert.Equal(200, await StatusAsync(guard, Request("/metrics", "alice:secret")));
        Assert.Contains("web.yaml:1:28", _parts.Parts[WebConfigFile.Part].Detail, StringComparison.Ordinal);

        Write($"basic_auth_users: {{ bob: \"{Hash}\" }}\nhttp_server_config: {{ headers: {{ X-Frame-Options: deny }} }}");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(401, await StatusAsync(guard, Request("/metrics", "alice:secret")));
        var good = Request("/metrics", "bob:secret");
        Assert.Equal(200, await StatusAsync(guard, good));
        Assert.Equal("deny", good.Response.Headers.XFrameOptions);
        Assert.True(_parts.Parts[WebConfigFile.Part].IsReady);
    }

    [Fact]
    public async Task The_rate_limit_lets_a_burst_through_and_then_one_an_interval()
    {
        Write("rate_limit: { interval: 1s, burst: 2 }");
        using var guard = new WebGuard(WebConfigFile.Open(File, _parts, _time, NullLogger.Instance), 4);

        Assert.Equal((int[])[200, 200, 429], (int[])[await StatusAsync(guard, Request("/")), await StatusAsync(guard, Request("/")), await StatusAsync(guard, Request("/"))]);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((int[])[200, 429], (int[])[await StatusAsync(guard, Request("/")), await StatusAsync(guard, Request("/"))]);
    }

    [Fact]
    public async Task Probes_need_no_password_and_are_told_less()
    {
        Write($"basic_auth_users: {{ alice: \"{Hash}\" }}");
        using var guard = new WebGuard(WebConfigFile.Open(File, _parts, _time, NullLogger.Instance), 4);
        var trusted = new List<bool>();
        Task Answer(HttpContext context, bool isTrusted)
        {
            trusted.Add(isTrusted);
            return Task.CompletedTask;
        }

        await guard.AnswerAsync(Request("/readyz"), Answer);
        await guard.AnswerAsync(Request("/readyz", "alice:secret"), Answer);
        await guard.AnswerAsync(Request("/readyz", "alice:wrong"), Answer); // refused: a wrong password is a mistake to be seen

        Assert.Equal([false, true], trusted);
    }

    private void Write(string text)
    {
        System.IO.File.WriteAllText(File + ".new", text);
        System.IO.File.Move(File + ".new", File, overwrite: true);
    }

    private static DefaultHttpContext Request(string path, string? credentials = null)
    {
        var context = new DefaultHttpContext();
        context.Request.Path = path;
        context.Response.Body = new MemoryStream();
        if (credentials is not null)
            context.Request.Headers.Authorization = $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials))}";
        return context;
    }

    private static async Task<int> StatusAsync(WebGuard guard, HttpContext context)
    {
        await guard.AnswerAsync(context, (_, _) => Task.CompletedTask);
        return context.Response.StatusCode;
    }
}
