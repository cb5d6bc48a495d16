using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using AIInfra.Aggregator.Identity;
using AIInfra.Fleet;
using AIInfra.Fleet.V1;
using AIInfra.Grpc;
using Google.Protobuf;
using Microsoft.Extensions.DependencyInjection;

namespace AIInfra.FunctionalTests.Fleet;

/// <summary>An agent that says exactly what the test says, right or wrong.</summary>
internal sealed class RawAgent : IAsyncDisposable
{
    private readonly GrpcChannel _channel;
    private readonly Channel<FromAgent> _outgoing = Channel.CreateUnbounded<FromAgent>();
    private readonly Channel<FromAggregator> _incoming = Channel.CreateUnbounded<FromAggregator>();
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _reading;

    private RawAgent(GrpcChannel channel, GrpcCallOptions? call)
    {
        _channel = channel;
        _reading = ReadAsync(call);
    }

    /// <summary>With a certificate of the node that the aggregator's own authority signed.</summary>
    public static RawAgent Open(TestFleet fleet, string node) => new(ChannelOf(fleet, node), null);

    public static RawAgent OpenWithToken(TestFleet fleet, string token) => new(ChannelOf(fleet, null), new GrpcCallOptions { Headers = new GrpcMetadata { { "authorization", $"Bearer {token}" } } });

    public static GrpcChannel ChannelOf(TestFleet fleet, string? node)
    {
        var authority = fleet.Running.Services.GetRequiredService<AuthorityHolder>().Current;
        X509Certificate2? certificate = null;
        if (node is not null)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            using var signed = authority.SignNode(new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=x", key, HashAlgorithmName.SHA256).CreateSigningRequest(), node, TimeSpan.FromHours(1));
            using var pair = signed.CopyWithPrivateKey(key);
            certificate = X509CertificateLoader.LoadPkcs12(pair.Export(X509ContentType.Pkcs12), null);
        }
        return GrpcChannel.ForAddress(fleet.Address, new() { TrustedAuthority = authority.Trusted[0], ClientCertificate = certificate });
    }

    public static Hello Hello(string node, string incarnation = "life-1", ulong sequence = 1) => new()
    {
        Node = node,
        Protocol = 1,
        LeastProtocol = 1,
        AgentVersion = "0.1.0",
        Incarnation = incarnation,
        Sequence = sequence,
        UnixMilliseconds = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(),
    };

    public static Snapshot Snapshot(ulong sequence, params Device[] devices) => new() { Sequence = sequence, State = new NodeState { Facts = new NodeFacts(), Devices = { devices } } };

    public void Send(FromAgent message) => Assert.True(_outgoing.Writer.TryWrite(message));

    public void Send(Hello hello) => Send(new FromAgent { Hello = hello });

    /// <summary>The next message of a kind; others are passed over.</summary>
    public async Task<FromAggregator> NextAsync(FromAggregator.MessageOneofCase kind)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await foreach (var message in _incoming.Reader.ReadAllAsync(patience.Token))
        {
            if (message.MessageCase == kind)
                return message;
        }
        await _reading;
        throw new InvalidOperationException($"The stream ended without a {kind}.");
    }

    /// <summary>How the stream ended.</summary>
    public async Task<GrpcException> EndAsync() => await Assert.ThrowsAsync<GrpcException>(() => _reading.WaitAsync(TimeSpan.FromSeconds(20)));

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _reading.ContinueWith(_ => { }, TaskScheduler.Default);
        _channel.Dispose();
        _ended.Dispose();
    }

    private async Task ReadAsync(GrpcCallOptions? call)
    {
        try
        {
            await foreach (var message in _channel.DuplexAsync(FleetApi.Session, _outgoing.Reader.ReadAllAsync(_ended.Token), call, _ended.Token))
                await _incoming.Writer.WriteAsync(message);
        }
        finally
        {
            _incoming.Writer.TryComplete();
        }
    }
}
