using System.Security.Cryptography;
using AIInfra.Aggregator.Audit;
using AIInfra.Aggregator.Identity;
using AIInfra.Aggregator.Nodes;
using AIInfra.Fleet;
using AIInfra.Fleet.V1;
using AIInfra.Grpc;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace AIInfra.Aggregator.Streams;

/// <param name="CertificateLifetime">Of a node's certificate.</param>
internal sealed record FleetServiceOptions(TimeSpan CertificateLifetime);

/// <summary>What agents call: Session, Join and Renew. Who calls is known before anything is read.</summary>
internal sealed partial class FleetService(
    FleetServiceOptions options, Callers callers, AuthorityHolder authority, Revocations revocations, FleetView view, Sessions sessions, SessionRunner runner,
    IAuditLog audit, TimeProvider time, ILogger<FleetService> logger)
{
    private const string Authorization = "authorization";

    public GrpcServiceTable Methods() => new GrpcServiceTable()
        .Duplex(FleetApi.Session, SessionAsync)
        .Unary(FleetApi.Join, JoinAsync)
        .Unary(FleetApi.Renew, RenewAsync);

    private async Task SessionAsync(IAsyncEnumerable<FromAgent> messages, GrpcStreamWriter<FromAggregator> answers, GrpcServerCall call)
    {
        try
        {
            var caller = await FindAsync(call);
            if (caller.Node is null)
                throw new GrpcException(GrpcStatus.PermissionDenied, $"{caller.Name} is no node: a stream takes the node's certificate, or its service-account token.");
            await runner.RunAsync(caller, messages, answers, call.CancellationToken);
        }
        catch (GrpcException refusal)
        {
            if (refusal.Status is GrpcStatus.Unauthenticated or GrpcStatus.PermissionDenied or GrpcStatus.InvalidArgument or GrpcStatus.FailedPrecondition)
            {
                sessions.Counters.CountRefused();
                LogRefused(call.RemoteAddress?.ToString() ?? "?", refusal.Detail);
            }
            throw;
        }
    }

    private async Task<Certificate> JoinAsync(CertificateRequest request, GrpcServerCall call)
    {
        var caller = await FindAsync(call);
        if (caller.Role != TokenRole.Join)
            throw new GrpcException(GrpcStatus.PermissionDenied, "Joining takes a join token: `aiinfra-aggregator token create --role join`.");
        if (!NodeName.IsGood(request.Node))
            throw new GrpcException(GrpcStatus.InvalidArgument, $"The node's name must be {NodeName.Form}.");
        if (!NodeName.Matches(caller.Nodes, request.Node))
            throw new GrpcException(GrpcStatus.PermissionDenied, $"This join token is for nodes named {caller.Nodes}, not for {request.Node}.");
        if (sessions.Find(request.Node) is not null)
            throw new GrpcException(GrpcStatus.AlreadyExists, $"A node {request.Node} is connected now. Give this one another name (node.name), or revoke the other: `aiinfra-aggregator certificate revoke {request.Node}`.");
        return await SignAsync(request, caller, "certificate.joined");
    }

    private async Task<Certificate> RenewAsync(CertificateRequest request, GrpcServerCall call)
    {
        var caller = await FindAsync(call);
        if (caller is not { Node: { } node, IsByToken: false })
            throw new GrpcException(GrpcStatus.PermissionDenied, "A certificate is renewed with the one that is still good.");
        if (request.Node != node)
            throw new GrpcException(GrpcStatus.PermissionDenied, $"The certificate is {node}'s; it cannot be renewed for {request.Node}.");
        return await SignAsync(request, caller, "certificate.renewed");
    }

    private async Task<Certificate> SignAsync(CertificateRequest request, Caller caller, string what)
    {
        try
        {
            using var signed = authority.Current.SignNode(request.Request.ToByteArray(), request.Node, options.CertificateLifetime);
            if (revocations.IsRevoked(signed, request.Node))
                throw new GrpcException(GrpcStatus.Unavailable, "The node's certificates were revoked this very second; try again."); // times are kept to the second
            await audit.WriteAsync(new AuditEntry(time.GetUtcNow(), caller.Name, what, request.Node, "", $"Certificate {signed.SerialNumber}, good until {signed.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm}Z."), CancellationToken.None);
            LogSigned(caller.Name, request.Node, signed.SerialNumber);
            var answer = new Certificate { Chain = { ByteString.CopyFrom(signed.RawData) } };
            answer.Authorities.AddRange(authority.Current.Trusted.Select(one => ByteString.CopyFrom(one.RawData)));
            return answer;
        }
        catch (CryptographicException fault)
        {
            throw new GrpcException(GrpcStatus.InvalidArgument, $"The certificate request cannot be used: {fault.Message}", fault);
        }
        catch (Store.StoreException fault)
        {
            throw new GrpcException(GrpcStatus.Unavailable, $"No certificate is given out while it cannot be recorded: {fault.Message}", fault);
        }
    }

    private async Task<Caller> FindAsync(GrpcServerCall call)
    {
        try
        {
            return await callers.FindAsync(call.ClientCertificate, call.RequestHeaders.Find(Authorization) ?? "", call.CancellationToken)
                ?? throw new GrpcException(GrpcStatus.Unauthenticated, "Neither a certificate of this aggregator's authority nor a token that is good now came with the call.");
        }
        catch (IdentityUnknownException fault)
        {
            throw new GrpcException(GrpcStatus.Unavailable, fault.Message, fault);
        }
    }

    /// <summary>Forgets a node: its stream is ended, its record removed. It comes back if its agent does.</summary>
    /// <returns>False: there is none of that name.</returns>
    public bool Forget(string node, NodeWriter writer)
    {
        sessions.Find(node)?.End("The node was removed by an operator.");
        if (view.Apply(node, _ => null) is not { } change)
            return false;
        writer.Enqueue(change);
        return true;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "An agent at {Address} was not let in: {Why}")]
    private partial void LogRefused(string address, string why);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Caller} was given the certificate {Serial} for node {Node}")]
    private partial void LogSigned(string caller, string node, string serial);
}
