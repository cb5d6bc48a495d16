using System.Text.Json.Nodes;
using AIInfra.FunctionalTests.Protos;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Grpc;

/// <summary>The probe spoken by an independent gRPC: grpc-js, or grpcio of Python.</summary>
internal static class ProbePeer
{
    public const string Js = "grpc-js", Python = "python";

    public static TheoryData<string> All => [Js, Python];

    /// <param name="more">Further settings of the peer, and <c>options</c> of its channel or server.</param>
    public static async Task<(PeerProcess Process, string Ready)> StartAsync(string peer, string script, string address, JsonObject? more = null)
    {
        var settings = more?.DeepClone().AsObject() ?? [];
        settings["address"] = address;
        settings["proto"] = RepositoryRoot.Combine("tests", "FunctionalTests", "Protos", "probe.proto");
        settings["descriptor"] = ProbeReflection.Descriptor.SerializedData.ToBase64();
        var process = peer == Js
            ? PeerProcess.Node($"{script}.mjs", settings.ToJsonString())
            : PeerProcess.Python($"{script}.py", settings.ToJsonString());
        return (process, await process.WaitForLineAsync("ready", Patience.Token));
    }
}

/// <summary>A peer's client. It takes calls as JSON, see <c>tests/peers</c>.</summary>
internal sealed class ProbeClient(PeerProcess process) : IAsyncDisposable
{
    public static async Task<ProbeClient> StartAsync(string peer, string address, JsonObject? more = null) =>
        new((await ProbePeer.StartAsync(peer, "probe-client", address, more)).Process);

    public async Task<ProbeResult> CallAsync(string call)
    {
        await StartCallAsync(call);
        return await ResultAsync();
    }

    public Task StartCallAsync(string call) => process.SendLineAsync(JsonNode.Parse(call)!.ToJsonString());

    public async Task<int> NextMessageAsync() => int.Parse(await process.WaitForLineAsync("message", Patience.Token), null);

    public async Task<ProbeResult> ResultAsync() => new(JsonNode.Parse(await process.WaitForLineAsync("result", Patience.Token))!);

    public ValueTask DisposeAsync() => process.DisposeAsync();
}

/// <summary>How a call ended, as the peer saw it.</summary>
internal sealed class ProbeResult(JsonNode result)
{
    public int Code => (int)result["code"]!;
    public string Details => (string)result["details"]!;
    public JsonArray Answers => result["answers"]!.AsArray();
    public JsonNode Answer => Assert.Single(Answers)!;
    public JsonNode Trailers => result["trailers"]!;
    public override string ToString() => result.ToJsonString();
}

/// <summary>A peer's server on a socket in a folder of its own, or on TCP.</summary>
internal sealed class ProbePeerServer : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("grpc");

    public PeerProcess Process { get; private set; } = null!;
    public int Port { get; private set; }
    public string SocketPath => Path.Combine(_folder.FullName, "peer.sock");

    public static async Task<ProbePeerServer> StartAsync(string peer, JsonObject? more = null, bool tcp = false)
    {
        var server = new ProbePeerServer();
        var (process, ready) = await ProbePeer.StartAsync(peer, "probe-server", tcp ? "localhost:0" : $"unix:{server.SocketPath}", more);
        server.Process = process;
        server.Port = int.Parse(ready, null);
        return server;
    }

    public Task<string> NextCancelledAsync() => Process.WaitForLineAsync("cancelled", Patience.Token);

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
