using System.Text.Json;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Kubernetes;

/// <summary>An independent program that acts as the kubelet (tests/peers/*/kubelet.*). It makes its folder and listens as soon as it runs.</summary>
internal sealed class KubeletPeer(PeerProcess process) : IAsyncDisposable
{
    public static KubeletPeer Node(string root) => new(PeerProcess.Node("kubelet.mjs", "--root", root));
    public static KubeletPeer Python(string root) => new(PeerProcess.Python("kubelet.py", "--root", root));

    public Task SendAsync(string json) => process.SendLineAsync(json);

    /// <summary>The next event of this kind; others before it are passed over.</summary>
    public async Task<JsonElement> NextAsync(string kind)
    {
        var prefix = $$"""{"event":"{{kind}}" """.TrimEnd();
        var rest = await process.WaitForLineAsync(prefix, TestContext.Current.CancellationToken);
        using var document = JsonDocument.Parse(prefix + rest);
        return document.RootElement.Clone();
    }

    /// <summary>The next event of this kind that is about a resource.</summary>
    public async Task<JsonElement> NextAsync(string kind, string resource)
    {
        while (true)
        {
            var found = await NextAsync(kind);
            if (found.GetProperty("resource").GetString() == resource)
                return found;
        }
    }

    /// <summary>Sends a command and returns what the plugin answered.</summary>
    public async Task<JsonElement> AskAsync(string kind, string command)
    {
        await SendAsync(command);
        return await NextAsync(kind);
    }

    public ValueTask DisposeAsync() => process.DisposeAsync();
}

internal static class KubeletEvents
{
    public static string Endpoint(this JsonElement registered) => registered.GetProperty("endpoint").GetString()!;

    public static string[] Ids(this JsonElement list) => [.. list.GetProperty("devices").EnumerateArray().Select(device => device.GetProperty("id").GetString()!)];

    public static string[] Unhealthy(this JsonElement list) =>
        [.. list.GetProperty("devices").EnumerateArray().Where(device => device.GetProperty("health").GetString() != "Healthy").Select(device => device.GetProperty("id").GetString()!)];

    /// <summary>The first container's ids in an answer to GetPreferredAllocation.</summary>
    public static string[] Preferred(this JsonElement answer)
    {
        Assert.True(answer.GetProperty("ok").GetBoolean(), answer.GetRawText());
        var container = answer.GetProperty("response").GetProperty("container_responses")[0];
        return [.. container.GetProperty("deviceIDs").EnumerateArray().Select(id => id.GetString()!)];
    }

    /// <summary>The text of a refused Allocate.</summary>
    public static string Refusal(this JsonElement answer)
    {
        Assert.False(answer.GetProperty("ok").GetBoolean(), answer.GetRawText());
        return answer.GetProperty("details").GetString()!;
    }
}
