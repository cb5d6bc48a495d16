using System.Net;
using System.Net.Sockets;
using AIInfra.Testing;

namespace AIInfra.EndToEndTests;

/// <summary>The program as <c>make build</c> leaves it, run the way a user runs it.</summary>
internal static class AgentProgram
{
    public static string Path => RepositoryRoot.Combine("out", "bin", "aiinfra-agent");
    public static string Simulators => RepositoryRoot.Combine("out", "native");

    public static PeerProcess Start(params string[] arguments) => PeerProcess.Start(Path, arguments);

    /// <summary>Runs a command to its end.</summary>
    /// <returns>Exit status and everything printed (standard error's lines begin with <c>stderr: </c>).</returns>
    public static async Task<(int Status, string Output)> RunAsync(params string[] arguments)
    {
        await using var program = Start(arguments);
        var status = await program.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (status, program.Transcript);
    }

    /// <summary>Sends a signal by number, as a terminal or systemd does: 2 interrupt, 15 terminate.</summary>
    public static async Task SignalAsync(int pid, int signal)
    {
        await using var kill = PeerProcess.Start("/bin/kill", [$"-{signal}", $"{pid}"]);
        Assert.Equal(0, await kill.WaitForExitAsync());
    }

    /// <summary>A TCP port that was free a moment ago.</summary>
    public static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}

/// <summary>A folder of a test's own, gone at its end.</summary>
internal sealed class TestFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("aiinfra-test-").FullName;

    public string Write(string name, string text)
    {
        var path = Combine(name);
        File.WriteAllText(path, text);
        return path;
    }

    public string Combine(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>A configuration with every folder below this one and a port of its own.</summary>
    /// <param name="more">Further sections.</param>
    public string WriteConfig(int port, string more = "")
    {
        Directory.CreateDirectory(Combine("host/dev"));
        Write("host/dev/kmsg", "");
        return Write("agent.yaml", $$"""
        node: { name: test-node }
        host: { root: {{Path}}/host }
        state: { path: {{Path}}/state }
        run: { path: {{Path}}/run }
        kubelet: { root: {{Path}}/kubelet }
        metrics: { address: "127.0.0.1:{{port}}" }
        health: { kernelLog: { path: {{Path}}/kmsg } }
        {{more}}
        """);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
