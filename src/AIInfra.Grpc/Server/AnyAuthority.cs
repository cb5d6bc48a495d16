using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace AIInfra.Grpc.Server;

/// <summary>The connection middleware around <see cref="AuthorityRewriter"/>: a pump between the socket and Kestrel.</summary>
internal sealed partial class AnyAuthority(ILogger logger)
{
    public ConnectionDelegate Wrap(ConnectionDelegate next) => async connection =>
    {
        var socket = connection.Transport;
        var pipe = new Pipe(new PipeOptions(useSynchronizationContext: false));
        connection.Transport = new Rewritten(pipe.Reader, socket.Output);
        var pump = PumpAsync(connection.ConnectionId, socket.Input, pipe.Writer);
        try
        {
            await next(connection);
        }
        finally
        {
            socket.Input.CancelPendingRead();
            await pipe.Reader.CompleteAsync();
            await pump;
            connection.Transport = socket;
        }
    };

    private async Task PumpAsync(string connection, PipeReader from, PipeWriter to)
    {
        var rewriter = new AuthorityRewriter();
        Exception? fault = null;
        try
        {
            while (true)
            {
                var result = await from.ReadAsync();
                var input = result.Buffer;
                if (!rewriter.IsDone)
                    rewriter.Copy(ref input, to);
                if (rewriter.IsDone)
                {
                    foreach (var part in input)
                        to.Write(part.Span);
                    input = input.Slice(input.End);
                }
                from.AdvanceTo(input.Start, result.Buffer.End);
                var flushed = await to.FlushAsync();
                if (result.IsCompleted || result.IsCanceled || flushed.IsCompleted)
                    break;
            }
        }
        catch (Exception broken) when (broken is InvalidDataException or IOException or ConnectionAbortedException)
        {
            LogBroken(connection, broken.Message);
            fault = new ConnectionAbortedException(broken.Message, broken);
        }
        await to.CompleteAsync(fault);
    }

    [LoggerMessage(EventName = "AnyAuthority.Broken", Level = LogLevel.Debug, Message = "Connection {Connection} ends: {Reason}")]
    private partial void LogBroken(string connection, string reason);

    private sealed record Rewritten(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
