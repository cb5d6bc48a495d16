using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Actions;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Systemd;

/// <summary>A request for replacement, to a real HTTP server and as a file.</summary>
public sealed class ReplacementTests : IDisposable
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly DirectoryInfo _state = Directory.CreateTempSubdirectory("replacement-");
    private readonly HealthBoard _health = new(TimeProvider.System, "boot-a", []);
    private readonly InventoryBoard _inventory = new();
    private readonly HttpClient _http = new();

    public ReplacementTests() => _inventory.Publish(TestGpus.Inventory([TestGpus.Switched(1)[0] with { Serial = "S-1", PciAddress = "0000:3b:00.0" }]));

    public void Dispose()
    {
        _http.Dispose();
        _health.Dispose();
        _state.Delete(recursive: true);
    }

    private RequestReplacement Action => new("gpu-17", _state.FullName, _inventory, _health, _http, TimeProvider.System);

    private static ActionStep Step(params string[] arguments) => ActionRig.Step("request-replacement", Subject.Device(TestGpus.Id(0)), [.. arguments]);

    [Fact]
    public async Task By_default_it_is_a_file_that_says_which_part()
    {
        var (step, result) = await ActionRig.DoAsync(Action, Step());

        var file = Path.Combine(_state.FullName, "replacements", $"{step.Id}.json");
        Assert.Equal((ActionOutcome.Done, $"The request lies in {file}."), (result.Outcome, result.Says));
        var request = JsonDocument.Parse(await File.ReadAllTextAsync(file, Stop)).RootElement;
        Assert.Equal(("gpu-17", "S-1", "0000:3b:00.0", "test.problem"), (request.GetProperty("node").GetString(), request.GetProperty("serial").GetString(), request.GetProperty("pciAddress").GetString(), request.GetProperty("problem").GetString()));
        Assert.Equal(ActionOutcome.Done, (await Action.ResolveAsync(step, Stop)).Outcome);
        Assert.Equal(ActionOutcome.Failed, (await Action.ResolveAsync(Step(), Stop)).Outcome);
    }

    [Theory]
    [InlineData(202, ActionOutcome.Done)]
    [InlineData(409, ActionOutcome.Done)] // it has this request already
    [InlineData(500, ActionOutcome.Failed)]
    public async Task A_webhook_is_told_once_by_its_key_and_its_answer_counts(int status, ActionOutcome outcome)
    {
        using var listener = new HttpListener();
        var port = FreePort();
        listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        listener.Start();
        var asked = listener.GetContextAsync();

        var doing = ActionRig.DoAsync(Action, Step($"http://127.0.0.1:{port}/tickets"));
        var context = await asked.WaitAsync(TimeSpan.FromSeconds(20), Stop);
        var body = await JsonDocument.ParseAsync(context.Request.InputStream, cancellationToken: Stop);
        context.Response.StatusCode = status;
        context.Response.Close();
        var (step, result) = await doing;

        Assert.Equal(outcome, result.Outcome);
        Assert.Equal(("POST", step.Id, step.Id), (context.Request.HttpMethod, context.Request.Headers["Idempotency-Key"], body.RootElement.GetProperty("id").GetString()));
    }

    [Fact]
    public async Task A_webhook_that_is_not_there_has_failed_and_words_that_are_no_place_are_refused()
    {
        var (_, result) = await ActionRig.DoAsync(Action, Step($"http://127.0.0.1:{FreePort()}/tickets"));

        Assert.Equal(ActionOutcome.Failed, result.Outcome);
        Assert.NotNull(Action.Refuse(["ftp://x"]));
        Assert.NotNull(Action.Refuse(["tickets"]));
        Assert.Null(Action.Refuse(["/var/spool/tickets"]));
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
