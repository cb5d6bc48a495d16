using System.Text;
using System.Text.Json;

namespace AIInfra.Testing;

/// <summary>The stand-in API server (tests/peers/apiserver): an independent program, strict where the real server is, that can be made to fail.</summary>
public sealed class ApiServerPeer : IAsyncDisposable
{
    private readonly HttpClient _http;
    private readonly PeerProcess _process;
    private readonly string _control;

    private ApiServerPeer(PeerProcess process, HttpClient http, string folder, string url, string control) => (_process, _http, Folder, Url, _control) = (process, http, folder, url, control);

    public string Folder { get; }
    public string Url { get; }

    /// <summary>The first of its nodes, whose agent's token is in the kubeconfig <c>agent-file</c>.</summary>
    public const string Node = "node-1"; // unless the test names others

    public static Task<ApiServerPeer> StartAsync(params string[] options) => StartAsync(null, options);

    /// <param name="machine">On whose network it listens; null: this host's.</param>
    public static async Task<ApiServerPeer> StartAsync(BootedMachine? machine, params string[] options)
    {
        var folder = Directory.CreateTempSubdirectory("aik-api-").FullName;
        string[] words = [RepositoryRoot.Combine("tests", "peers", "apiserver", "main.mjs"), "--dir", folder, .. options];
        var process = machine?.StartOnItsNetwork("node", words) ?? PeerProcess.Start("node", words);
        try
        {
            using var ready = JsonDocument.Parse("{\"event\":\"ready\"" + await process.WaitForLineAsync("{\"event\":\"ready\""));
            return new ApiServerPeer(process, machine?.Client() ?? new HttpClient { Timeout = TimeSpan.FromSeconds(30) }, folder, ready.RootElement.GetProperty("url").GetString()!, ready.RootElement.GetProperty("control").GetString()!);
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <param name="name">As the stand-in's README lists them: <c>admin</c>, <c>agent-file</c>, <c>expired</c>.</param>
    public string Kubeconfig(string name) => Path.Combine(Folder, $"{name}.kubeconfig");

    /// <summary>Gives a command.</summary>
    /// <param name="command">JSON.</param>
    /// <returns>Its result.</returns>
    public async Task<JsonElement> AskAsync(string command)
    {
        using var body = new StringContent(command, Encoding.UTF8, "application/json");
        using var answer = await _http.PostAsync(_control, body);
        using var read = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return read.RootElement.GetProperty("ok").GetBoolean() ? read.RootElement.GetProperty("result").Clone()
            : throw new InvalidOperationException($"{command}: {read.RootElement.GetRawText()}");
    }

    /// <summary>Reads an object as the administrator.</summary>
    public Task<JsonElement> GetAsync(string path) => AskAsync($$"""{"command":"request","path":"{{path}}"}""");

    /// <summary>Patches an object as the administrator.</summary>
    public Task PatchAsync(string path, string mergePatch) =>
        AskAsync($$"""{"command":"request","method":"PATCH","path":"{{path}}","contentType":"application/merge-patch+json","body":{{mergePatch}}}""");

    /// <summary>How often something was asked.</summary>
    /// <param name="where">Regular expressions as JSON: <c>{"verb":"patch"}</c>.</param>
    public async Task<int> CountAsync(string where) =>
        (await AskAsync($$"""{"command":"journal","count":true,"where":{{where}}}""")).GetProperty("count").GetInt32();

    /// <summary>Runs the real kubectl as the administrator.</summary>
    public async Task<string> KubectlAsync(params string[] words)
    {
        await using var find = PeerProcess.Start(RepositoryRoot.Combine("build", "kube-tools.sh"), ["kubectl"]);
        if (await find.WaitForExitAsync() != 0)
            throw new InvalidOperationException(find.Transcript);
        await using var kubectl = PeerProcess.Start(find.Transcript.Trim(), words, new Dictionary<string, string> { ["KUBECONFIG"] = Kubeconfig("admin"), ["HOME"] = Folder });
        return await kubectl.WaitForExitAsync() == 0 ? kubectl.Transcript : throw new InvalidOperationException($"kubectl {string.Join(' ', words)}: {kubectl.Transcript}");
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _http.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
