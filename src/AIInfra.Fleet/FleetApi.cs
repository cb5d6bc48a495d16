using AIInfra.Fleet.V1;
using AIInfra.Grpc;

namespace AIInfra.Fleet;

/// <summary>The methods between agent and aggregator. The messages are in Protos/fleet/v1.</summary>
public static class FleetApi
{
    /// <summary>Version of the protocol that is spoken here, and the oldest that is understood.</summary>
    public const int Protocol = 1, LeastProtocol = 1;

    public static readonly GrpcMethod<FromAgent, FromAggregator> Session = new("/aiinfra.fleet.v1.Fleet/Session", FromAgent.Parser, FromAggregator.Parser);
    public static readonly GrpcMethod<CertificateRequest, Certificate> Join = new("/aiinfra.fleet.v1.Fleet/Join", CertificateRequest.Parser, Certificate.Parser);
    public static readonly GrpcMethod<CertificateRequest, Certificate> Renew = new("/aiinfra.fleet.v1.Fleet/Renew", CertificateRequest.Parser, Certificate.Parser);
}
