using System.Net;
using System.Net.Http.Headers;
using AIInfra.Grpc.Wire;

namespace AIInfra.Grpc.Client;

/// <summary>How the server ended a call, and what it sent along.</summary>
internal sealed record ResponseStatus(GrpcStatus Status, string Detail, GrpcMetadata Trailers)
{
    /// <summary>When the headers are all there is: a status in them, or no gRPC answer. Null: messages or trailers follow.</summary>
    public static ResponseStatus? FromHeaders(HttpResponseMessage response)
    {
        if (Find(response.Headers, Names.Status) is not null)
            return Read(response.Headers, "headers");

        var http = (int)response.StatusCode;
        if (response.StatusCode != HttpStatusCode.OK)
            return Without(GrpcStatusText.FromHttp(http), $"The server answered HTTP {http} and no gRPC status.");
        var type = response.Content.Headers.NonValidated.TryGetValues("content-type", out var values) ? values.ToString() : null;
        return Names.IsGrpc(type) ? null : Without(GrpcStatus.Unknown, $"The server answered with the content type '{type}', which is not gRPC.");
    }

    public static ResponseStatus FromTrailers(HttpResponseMessage response) =>
        Find(response.TrailingHeaders, Names.Status) is null
            ? Without(GrpcStatus.Internal, "The server ended the call without a status.")
            : Read(response.TrailingHeaders, "trailers");

    /// <exception cref="GrpcException"><see cref="GrpcStatus.Internal"/>: an encoding that was not offered.</exception>
    public static bool IsGzip(HttpResponseMessage response) => Find(response.Headers, Names.Encoding) switch
    {
        Gzip.Name => true,
        null or "identity" => false,
        var other => throw new GrpcException(GrpcStatus.Internal, $"The server compresses with '{other}'; it was offered {Gzip.Accepted}."),
    };

    private static ResponseStatus Read(HttpHeaders headers, string where)
    {
        var trailers = new GrpcMetadata();
        foreach (var (name, values) in headers.NonValidated)
            foreach (var value in values)
                MetadataHeaders.Receive(trailers, name, value);

        var text = Find(headers, Names.Status)!;
        return GrpcStatusText.Parse(text) is { } status
            ? new(status, PercentEncoding.Decode(Find(headers, Names.Message) ?? ""), trailers)
            : new(GrpcStatus.Unknown, $"The server's {where} hold the grpc-status '{text}', which is no number.", trailers);
    }

    private static ResponseStatus Without(GrpcStatus status, string detail) => new(status, detail, []);

    private static string? Find(HttpHeaders headers, string name) => headers.NonValidated.TryGetValues(name, out var values) ? values.ToString() : null;
}
