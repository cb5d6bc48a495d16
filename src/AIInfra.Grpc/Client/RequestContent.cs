using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using AIInfra.Grpc.Wire;
using Google.Protobuf;

namespace AIInfra.Grpc.Client;

/// <summary>The messages of a call as the body of its HTTP request.</summary>
internal abstract class RequestContent : HttpContent
{
    private static readonly MediaTypeHeaderValue GrpcType = new(Names.ContentType);

    private RequestContent() => Headers.ContentType = GrpcType;

    /// <summary>Set by the call before it is sent.</summary>
    public FrameWriter Writer { get; set; }

    /// <summary>What the caller's own sequence, or the size of a message, failed with; it is the call's outcome then.</summary>
    public Exception? Fault { get; private set; }

    public static RequestContent Of<T>(T message) where T : class, IMessage<T> => new One<T>(message);

    /// <param name="ended">Cancelled when the call is over, so that nobody waits for the caller's next message.</param>
    public static RequestContent Of<T>(IAsyncEnumerable<T> messages, CancellationToken ended) where T : class, IMessage<T> => new Many<T>(messages, ended);

    protected abstract Task WriteAsync(PipeWriter output, CancellationToken cancellationToken);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var output = PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true));
        try
        {
            await WriteAsync(output, cancellationToken);
        }
        catch (Exception fault)
        {
            await output.CompleteAsync(fault); // gives the buffers back, sends nothing
            throw;
        }
        await output.CompleteAsync();
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    private sealed class One<T>(T message) : RequestContent where T : class, IMessage<T>
    {
        protected override async Task WriteAsync(PipeWriter output, CancellationToken cancellationToken)
        {
            try
            {
                Writer.Write(output, message);
            }
            catch (GrpcException fault)
            {
                Fault = fault;
                throw;
            }
            await output.FlushAsync(cancellationToken);
        }
    }

    private sealed class Many<T>(IAsyncEnumerable<T> messages, CancellationToken ended) : RequestContent where T : class, IMessage<T>
    {
        protected override async Task WriteAsync(PipeWriter output, CancellationToken cancellationToken)
        {
            await output.FlushAsync(cancellationToken); // the headers go out before the first message exists
            await using var each = messages.GetAsyncEnumerator(ended);
            while (await NextAsync(each))
                await output.FlushAsync(cancellationToken);

            async ValueTask<bool> NextAsync(IAsyncEnumerator<T> from)
            {
                try
                {
                    if (!await from.MoveNextAsync())
                        return false;
                    Writer.Write(output, from.Current);
                    return true;
                }
                catch (Exception fault) when (!ended.IsCancellationRequested)
                {
                    Fault = fault;
                    throw;
                }
            }
        }
    }
}
