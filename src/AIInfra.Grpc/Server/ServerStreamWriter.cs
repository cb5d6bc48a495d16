using Google.Protobuf;

namespace AIInfra.Grpc.Server;

internal sealed class ServerStreamWriter<T>(ServerExchange exchange) : GrpcStreamWriter<T> where T : class, IMessage<T>
{
    private int _writing;

    public override async Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _writing, 1) != 0)
            throw new InvalidOperationException("A message is being written to this stream already: await each WriteAsync before the next.");
        try
        {
            await exchange.WriteAsync(message, cancellationToken);
        }
        finally
        {
            Volatile.Write(ref _writing, 0);
        }
    }
}
