using System.Net;
using AIInfra.Grpc.Wire;

namespace AIInfra.Grpc.Client;

/// <summary>The head of a call's HTTP request.</summary>
internal static class RequestHeaders
{
    private const string UserAgent = "aiinfra-grpc/1";

    /// <exception cref="GrpcException"><see cref="GrpcStatus.Internal"/>: the metadata cannot be sent.</exception>
    public static HttpRequestMessage For(Uri method, GrpcCallOptions options)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, method) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        Add("te", "trailers");
        Add("user-agent", UserAgent);
        Add(Names.AcceptEncoding, Gzip.Accepted);
        if (options.Compress)
            Add(Names.Encoding, Gzip.Name);
        if (options.Timeout is { } timeout)
            Add(Names.Timeout, TimeoutHeader.Format(timeout));

        if (options.Headers is { } metadata)
        {
            if (MetadataHeaders.Complaint(metadata) is { } complaint)
                throw new GrpcException(GrpcStatus.Internal, complaint);
            foreach (var (name, value) in metadata)
                Add(name, value);
        }
        return request;

        void Add(string name, string value) => request.Headers.TryAddWithoutValidation(name, value);
    }
}
