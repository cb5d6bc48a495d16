using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using AIInfra.Aggregator.Grants;
using AIInfra.Aggregator.Identity;
using AIInfra.Testing;
using Microsoft.Extensions.DependencyInjection;
using CertificateRequest = System.Security.Cryptography.X509Certificates.CertificateRequest;

namespace AIInfra.FunctionalTests.Fleet;

/// <summary>The protocol spoken by grpc-js from the .proto alone.</summary>
public sealed class ForeignAgentTests
{
    [Fact]
    public async Task A_foreign_agent_reports_changes_and_is_granted()
    {
        await using var fleet = await TestFleet.StartAsync();
        fleet.Store.Decide = _ => new GrantDecision(GrantOutcome.Granted, "grant-1", 9, TimeSpan.FromSeconds(30), "1 of 2.", null);
        await using var agent = Start(fleet, "foreign-1", "foreign-1");

        await agent.SendLineAsync("""{"hello":{"node":"foreign-1","protocol":1,"least_protocol":1,"agent_version":"js","incarnation":"i","sequence":1}}""");
        using var welcome = JsonDocument.Parse(await agent.WaitForLineAsync("message", TestContext.Current.CancellationToken));
        Assert.Equal(1, welcome.RootElement.GetProperty("welcome").GetProperty("protocol").GetInt32());
        await agent.SendLineAsync("""{"snapshot":{"sequence":1,"state":{"facts":{"labels":{"rack":"r7"}},"devices":[{"id":"NPU-0","vendor":"ascend","model":"910B","healthy":true}]}}}""");
        await agent.SendLineAsync("""{"delta":{"sequence":2,"base":1,"devices":[{"id":"NPU-0","vendor":"ascend","model":"910B"}],"problems":[{"key":{"id":"ascend.hbm","subject_kind":"device","subject":"NPU-0"},"severity":"fatal","action":"replace","cause":"hardware"}]}}""");
        await TestFleet.UntilAsync(() => fleet.View.Find("foreign-1") is { Sequence: 2 }, () => $"the change has come in; {agent.Transcript}");

        var node = fleet.View.Find("foreign-1")!;
        Assert.Equal(("r7", false, "ascend.hbm"), (node.Facts.Labels["rack"], node.Devices[0].IsHealthy, node.Problems[0].Key.Id));

        await agent.SendLineAsync("""{"grant_ask":{"ask":5,"operation":"op-1","action":"reboot","scope":"node"}}""");
        var answer = await AnswerAsync(agent);
        Assert.Equal((5, "grant-1", 9, 30000), (answer.GetProperty("ask").GetInt32(), answer.GetProperty("grant").GetString(), answer.GetProperty("fence").GetInt32(), answer.GetProperty("lifetime_milliseconds").GetInt32()));
        Assert.Contains("ask foreign-1 op-1 reboot", fleet.Store.Ledger);
    }

    [Fact]
    public async Task A_foreign_agent_that_lies_about_its_name_is_told_so()
    {
        await using var fleet = await TestFleet.StartAsync();
        await using var agent = Start(fleet, "foreign-1", "foreign-1");

        await agent.SendLineAsync("""{"hello":{"node":"another","protocol":1,"least_protocol":1,"incarnation":"i","sequence":1}}""");

        using var end = JsonDocument.Parse(await agent.WaitForLineAsync("end", TestContext.Current.CancellationToken));
        Assert.Equal(7, end.RootElement.GetProperty("code").GetInt32());
    }

    private static PeerProcess Start(TestFleet fleet, string node, string file)
    {
        var authority = fleet.Running.Services.GetRequiredService<AuthorityHolder>().Current;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var signed = authority.SignNode(new CertificateRequest("CN=x", key, HashAlgorithmName.SHA256).CreateSigningRequest(), node, TimeSpan.FromHours(1));
        return PeerProcess.Node("fleet-agent.mjs", new JsonObject
        {
            ["proto"] = RepositoryRoot.Combine("src", "AIInfra.Fleet", "Protos", "fleet", "v1", "fleet.proto"),
            ["address"] = $"127.0.0.1:{fleet.Address.Port}",
            ["authority"] = fleet.Write("authority.pem", authority.Trusted[0].ExportCertificatePem()),
            ["cert"] = fleet.Write($"{file}.pem", signed.ExportCertificatePem()),
            ["key"] = fleet.Write($"{file}.key", key.ExportPkcs8PrivateKeyPem()),
        }.ToJsonString());
    }

    private static async Task<JsonElement> AnswerAsync(PeerProcess agent)
    {
        while (true)
        {
            using var message = JsonDocument.Parse(await agent.WaitForLineAsync("message", TestContext.Current.CancellationToken));
            if (message.RootElement.TryGetProperty("grant_answer", out var answer))
                return answer.Clone();
        }
    }
}
