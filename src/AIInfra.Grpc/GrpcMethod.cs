using Google.Protobuf;

namespace AIInfra.Grpc;

/// <summary>One method of a service: its path and how its messages are read. Declared once, one line a method, shared by server and client.</summary>
/// <param name="Path"><c>/package.Service/Method</c>, where the package is the proto's, not the folder's.</param>
public sealed record GrpcMethod<TRequest, TResponse>(string Path, MessageParser<TRequest> Request, MessageParser<TResponse> Response)
    where TRequest : class, IMessage<TRequest>
    where TResponse : class, IMessage<TResponse>;
