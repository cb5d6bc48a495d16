using AIInfra.Aggregator.Identity;
using AIInfra.Fleet.Identity;
using AIInfra.Fleet.V1;
using AIInfra.Grpc;
using AIInfra.Kubernetes.Api;
using AIInfra.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.FunctionalTests.Fleet;

public sealed class FleetIdentityTests
{
    [Fact]
    public async Task A_join_token_that_ended_was_revoked_or_is_for_other_nodes_lets_nobody_in()
    {
        await using var fleet = await TestFleet.StartAsync();
        var revoked = fleet.JoinToken();
        fleet.Tokens.Revoke(revoked.Split('.')[1]);
        await using var late = TestAgent.Start(fleet, "gpu-1", fleet.Write("revoked", revoked));
        await using var other = TestAgent.Start(fleet, "cpu-1", fleet.WriteJoinToken("gpu-*"));

        await TestFleet.UntilAsync(() => late.Complaint?.Contains("refused", StringComparison.Ordinal) == true, () => $"the revoked token is refused; it says {late.Complaint}");
        await TestFleet.UntilAsync(() => other.Complaint?.Contains("gpu-*", StringComparison.Ordinal) == true, () => $"the name does not match; it says {other.Complaint}");
        Assert.Empty(fleet.View.Nodes);
    }

    [Fact]
    public async Task A_join_token_of_another_authority_is_not_answered_with_its_secret()
    {
        await using var fleet = await TestFleet.StartAsync();
        var token = fleet.JoinToken();
        await using var agent = TestAgent.Start(fleet, "gpu-1", fleet.Write("other", $"{token[..^32]}{new string('0', 32)}"));

        await TestFleet.UntilAsync(() => agent.Complaint?.Contains("another authority", StringComparison.Ordinal) == true, () => $"it says {agent.Complaint}");
    }

    [Fact]
    public async Task A_revoked_node_is_cut_off_and_may_join_anew_with_a_token()
    {
        await using var fleet = await TestFleet.StartAsync();
        await using var raw = RawAgent.Open(fleet, "gpu-1");
        raw.Send(RawAgent.Hello("gpu-1"));
        await raw.NextAsync(FromAggregator.MessageOneofCase.Welcome);

        fleet.Running.Services.GetRequiredService<Revocations>().Revoke("gpu-1");
        Assert.Contains("revoked", (await raw.EndAsync()).Detail, StringComparison.Ordinal);

        await using var agent = TestAgent.Start(fleet, "gpu-1", fleet.WriteJoinToken());
        await TestFleet.UntilAsync(() => agent.Complaint is null, () => $"it joined anew; it says {agent.Complaint}");
    }

    [Fact]
    public async Task A_name_that_is_connected_cannot_be_joined_by_another()
    {
        await using var fleet = await TestFleet.StartAsync();
        await using var agent = await TestAgent.StartConnectedAsync(fleet, "gpu-1");
        using var channel = RawAgent.ChannelOf(fleet, null);

        var refusal = await Assert.ThrowsAsync<GrpcException>(() => channel.UnaryAsync(AIInfra.Fleet.FleetApi.Join, new CertificateRequest { Node = "gpu-1" },
            new GrpcCallOptions { Headers = new GrpcMetadata { { "authorization", $"Bearer {fleet.JoinToken()}" } } }, TestContext.Current.CancellationToken));

        Assert.Equal(GrpcStatus.AlreadyExists, refusal.Status);
    }

    [Fact]
    public async Task A_certificate_is_renewed_for_its_own_node_only()
    {
        await using var fleet = await TestFleet.StartAsync();
        using var channel = RawAgent.ChannelOf(fleet, "gpu-1");

        var refusal = await Assert.ThrowsAsync<GrpcException>(() => channel.UnaryAsync(AIInfra.Fleet.FleetApi.Renew, new CertificateRequest { Node = "gpu-2" }, null, TestContext.Current.CancellationToken));
        var garbage = await Assert.ThrowsAsync<GrpcException>(() => channel.UnaryAsync(AIInfra.Fleet.FleetApi.Renew, new CertificateRequest { Node = "gpu-1", Request = Google.Protobuf.ByteString.CopyFromUtf8("x") }, null, TestContext.Current.CancellationToken));

        Assert.Equal(GrpcStatus.PermissionDenied, refusal.Status);
        Assert.Equal(GrpcStatus.InvalidArgument, garbage.Status);
    }

    [Fact]
    public async Task An_agent_renews_its_certificate_when_most_of_its_time_is_over()
    {
        await using var fleet = await TestFleet.StartAsync();
        var time = new ManualTime(TimeProvider.System.GetUtcNow());
        var options = new AIInfra.Fleet.FleetOptions { Aggregator = fleet.Address, Node = "gpu-1", Credentials = fleet.WriteJoinToken(), Folder = fleet.FolderOf("gpu-1"), Version = "x" };
        var credentials = new NodeCredentials(options, time);
        var first = await credentials.OpenAsync(TestContext.Current.CancellationToken);
        using var channel = GrpcChannel.ForAddress(fleet.Address, first.ChannelOptions(TimeProvider.System));

        await credentials.RenewAsync(channel, TestContext.Current.CancellationToken);
        Assert.Same(first.Certificate, (await credentials.OpenAsync(TestContext.Current.CancellationToken)).Certificate);
        time.Advance(TimeSpan.FromDays(25));
        await credentials.RenewAsync(channel, TestContext.Current.CancellationToken);

        Assert.NotEqual(first.Certificate!.SerialNumber, (await credentials.OpenAsync(TestContext.Current.CancellationToken)).Certificate!.SerialNumber);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(options.Folder, "node.key")));
    }

    [Fact]
    public async Task After_a_rotation_nodes_that_know_only_the_old_authority_still_come_in()
    {
        await using var fleet = await TestFleet.StartAsync();
        await using var agent = await TestAgent.StartConnectedAsync(fleet, "gpu-1");

        var rotated = Authority.Rotate(fleet.StateFolder, TimeProvider.System);
        fleet.Running.Services.GetRequiredService<AuthorityHolder>().Replace(rotated);
        fleet.Sessions.Find("gpu-1")!.End("The test cuts it.");
        await TestFleet.UntilAsync(() => fleet.Counters.Opened == 2, () => $"the old certificate is let in, and the new server is believed; it says {agent.Complaint}");

        Assert.Equal(2, rotated.Trusted.Length);
        Assert.NotEqual(Fingerprint.Of(rotated.Trusted[0]), Fingerprint.Of(rotated.Trusted[1]));
        await using var fresh = TestAgent.Start(fleet, "gpu-2", fleet.WriteJoinToken());
        await TestFleet.UntilAsync(() => fresh.Complaint is null, () => $"a new node joins with the new authority; it says {fresh.Complaint}");
    }

    [Fact]
    public async Task A_service_account_token_bound_to_a_node_lets_in_that_node()
    {
        var reviews = new List<string>();
        Task<TokenReviewStatus> Review(string token, IEnumerable<string> audiences, CancellationToken cancellationToken)
        {
            reviews.Add(token);
            return Task.FromResult(new TokenReviewStatus
            {
                Authenticated = !token.Contains("bad", StringComparison.Ordinal),
                Audiences = ["aiinfra-aggregator"],
                User = new UserInfo
                {
                    Username = token.Contains("other", StringComparison.Ordinal) ? "system:serviceaccount:default:web" : "system:serviceaccount:aiinfra:aiinfra-agent",
                    Extra = System.Collections.Immutable.ImmutableSortedDictionary<string, System.Collections.Immutable.ImmutableArray<string>>.Empty.Add("authentication.kubernetes.io/node-name", ["gpu-1"]),
                },
            });
        }
        await using var fleet = await TestFleet.StartAsync(services => services.AddSingleton(provider => new Callers(
            provider.GetRequiredService<AuthorityHolder>(), provider.GetRequiredService<Tokens>(), provider.GetRequiredService<Revocations>(),
            new BoundTokens(new BoundTokenOptions("aiinfra-aggregator", ["aiinfra/aiinfra-agent"]), Review, TimeProvider.System, NullLogger<BoundTokens>.Instance))));
        await using var good = RawAgent.OpenWithToken(fleet, "eyJgood.x.y");
        await using var bad = RawAgent.OpenWithToken(fleet, "eyJbad.x.y");
        await using var other = RawAgent.OpenWithToken(fleet, "eyJother.x.y");

        foreach (var agent in new[] { good, bad, other })
            agent.Send(RawAgent.Hello("gpu-1"));

        await good.NextAsync(FromAggregator.MessageOneofCase.Welcome);
        Assert.Equal(GrpcStatus.Unauthenticated, (await bad.EndAsync()).Status);
        Assert.Equal(GrpcStatus.Unauthenticated, (await other.EndAsync()).Status);
        Assert.Equal(3, reviews.Count);
    }
}
