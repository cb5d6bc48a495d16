using AIInfra.FunctionalTests.Protos;
using AIInfra.Grpc;
using Google.Protobuf;

namespace AIInfra.FunctionalTests.Grpc;

/// <summary>The probe on our side: its methods, and handlers that do what the peers' handlers do.</summary>
internal static class ProbeService
{
    public static readonly GrpcMethod<Ask, Answer> Unary = new("/aiinfra.probe.Probe/Unary", Ask.Parser, Answer.Parser);
    public static readonly GrpcMethod<Ask, Answer> ServerStream = new("/aiinfra.probe.Probe/ServerStream", Ask.Parser, Answer.Parser);
    public static readonly GrpcMethod<Ask, Answer> ClientStream = new("/aiinfra.probe.Probe/ClientStream", Ask.Parser, Answer.Parser);
    public static readonly GrpcMethod<Ask, Answer> Duplex = new("/aiinfra.probe.Probe/Duplex", Ask.Parser, Answer.Parser);
    public static readonly GrpcMethod<Ask, Answer> Missing = new("/aiinfra.probe.Probe/Missing", Ask.Parser, Answer.Parser);

    /// <param name="cancelled">Told the name of each method that ended with its token cancelled.</param>
    public static GrpcServiceTable Table(Action<string> cancelled) => new GrpcServiceTable()
        .Unary(Unary, async (ask, call) =>
        {
            using var watch = Watch(call, cancelled, nameof(Unary));
            await PlayAsync(ask, call);
            return AnswerTo(ask, call, 0);
        })
        .ServerStreaming(ServerStream, async (ask, answers, call) =>
        {
            using var watch = Watch(call, cancelled, nameof(ServerStream));
            for (var index = 0; ask.Answers < 0 || index < ask.Answers; index++)
                await answers.WriteAsync(AnswerTo(ask, call, index), call.CancellationToken);
            await PlayAsync(ask, call);
        })
        .ClientStreaming(ClientStream, async (asks, call) =>
        {
            using var watch = Watch(call, cancelled, nameof(ClientStream));
            var answer = new Answer();
            await foreach (var ask in asks)
            {
                await PlayAsync(ask, call);
                answer.Text += ask.Text;
                answer.ReceivedBytes += ask.Payload.Length;
                answer.Index++;
            }
            return answer;
        })
        .Duplex(Duplex, async (asks, answers, call) =>
        {
            using var watch = Watch(call, cancelled, nameof(Duplex));
            var index = 0;
            await foreach (var ask in asks)
            {
                await PlayAsync(ask, call);
                await answers.WriteAsync(AnswerTo(ask, call, index++), call.CancellationToken);
            }
        });

    private static Watcher Watch(GrpcServerCall call, Action<string> cancelled, string method) => new(call, cancelled, method);

    private static async Task PlayAsync(Ask ask, GrpcServerCall call)
    {
        foreach (var entry in call.RequestHeaders.Where(entry => entry.Key.StartsWith("echo-", StringComparison.Ordinal)))
            if (!call.ResponseTrailers.Contains(entry))
                call.ResponseTrailers.Add(entry);
        if (ask.Hang)
            await Task.Delay(Timeout.Infinite, call.CancellationToken);
        if (ask.Text == "throw")
            throw new InvalidDataException("a secret of the server");
        if (ask.FailWith > 0)
            throw new GrpcException((GrpcStatus)ask.FailWith, ask.Text);
    }

    private static Answer AnswerTo(Ask ask, GrpcServerCall call, int index)
    {
        var answer = new Answer
        {
            Text = ask.Text,
            Payload = ByteString.CopyFrom(new byte[ask.AnswerBytes]),
            Index = index,
            ReceivedBytes = ask.Payload.Length,
            HadDeadline = call.Deadline is not null,
        };
        foreach (var name in call.RequestHeaders.Select(entry => entry.Key).Distinct())
            answer.Metadata[name] = string.Join(',', call.RequestHeaders.Where(entry => entry.Key == name).Select(entry => entry.Value));
        return answer;
    }

    private sealed class Watcher(GrpcServerCall call, Action<string> cancelled, string method) : IDisposable
    {
        public void Dispose()
        {
            if (call.CancellationToken.IsCancellationRequested)
                cancelled(method);
        }
    }
}
