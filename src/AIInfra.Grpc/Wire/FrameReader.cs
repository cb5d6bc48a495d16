using System.Buffers;
using System.IO.Pipelines;
using Google.Protobuf;

namespace AIInfra.Grpc.Wire;

/// <summary>Reads the messages of one stream. A message is parsed from the transport's own buffers; only a compressed one is copied.</summary>
/// <param name="gzip">Whether the stream named gzip as its encoding.</param>
internal sealed class FrameReader(PipeReader input, int maxBytes, bool gzip)
{
    /// <summary>The next message; null at the end of the stream.</summary>
    /// <exception cref="GrpcException">Too large, cut off, or not a message of this type.</exception>
    /// <exception cref="IOException">The transport broke, or the peer reset the stream.</exception>
    public async ValueTask<T?> ReadAsync<T>(MessageParser<T> parser, CancellationToken cancellationToken) where T : class, IMessage<T>
    {
        while (true)
        {
            var result = await input.ReadAsync(cancellationToken);
            var rest = result.Buffer;
            var examined = rest.End;
            try
            {
                if (Frame.TryTake(ref rest, maxBytes, gzip, out var frame))
                {
                    examined = rest.Start;
                    return Parse(parser, frame);
                }
                if (result.IsCompleted)
                    return rest.IsEmpty ? null : throw new GrpcException(GrpcStatus.Internal, $"The stream ended inside a message, after {rest.Length} bytes of it.");
            }
            finally
            {
                input.AdvanceTo(rest.Start, examined);
            }
        }
    }

    /// <summary>The one message of a stream that carries exactly one.</summary>
    public async ValueTask<T> ReadOnlyOneAsync<T>(MessageParser<T> parser, CancellationToken cancellationToken) where T : class, IMessage<T>
    {
        var message = await ReadAsync(parser, cancellationToken)
            ?? throw new GrpcException(GrpcStatus.Internal, "The stream ended without the one message that belongs in it.");
        return await ReadAsync(parser, cancellationToken) is null
            ? message
            : throw new GrpcException(GrpcStatus.Internal, "The stream carries a second message where only one belongs.");
    }

    private T Parse<T>(MessageParser<T> parser, Frame frame) where T : class, IMessage<T>
    {
        return ParseMessage(parser, frame.Compressed ? Gzip.Inflate(frame.Payload, maxBytes) : frame.Payload);
    }

    /// <exception cref="GrpcException">It is not such a message.</exception>
    internal static T ParseMessage<T>(MessageParser<T> parser, ReadOnlySequence<byte> payload) where T : class, IMessage<T>
    {
        try
        {
            return parser.ParseFrom(payload);
        }
        catch (Exception fault) when (fault is InvalidProtocolBufferException or ArgumentException) // the latter for some lengths beyond the message's end
        {
            throw new GrpcException(GrpcStatus.Internal, $"A message of {payload.Length} bytes is not a {typeof(T).Name}: {fault.Message}", fault);
        }
    }
}
