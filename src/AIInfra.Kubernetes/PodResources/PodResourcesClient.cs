using AIInfra.Grpc;
using AIInfra.Kubernetes.Protos.PodResources.V1;
using Google.Protobuf;

namespace AIInfra.Kubernetes.PodResources;

/// <summary>Asks one kubelet who holds what. One for all who ask: the kubelet lets 100 calls a second through, of all its callers together, and
/// refuses the others; here at most four a second are made, one at a time, each with a deadline.</summary>
/// <remarks>A connection for each call: one that is kept breaks with each restart of the kubelet, and that would look like a fault.</remarks>
internal sealed class PodResourcesClient(string root, TimeProvider time) : IDisposable
{
    /// <summary>From the start of one call to the start of the next.</summary>
    public static readonly TimeSpan Spacing = TimeSpan.FromMilliseconds(250);
    /// <summary>A kubelet that is asked for all its pods answers in milliseconds.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);
    /// <summary>gRPC's usual limit, about 40,000 held devices: more is not worth its memory on every node.</summary>
    public const int LargestAnswer = 4 << 20;

    private readonly SemaphoreSlim _turn = new(1);
    private long? _last;

    public string SocketPath { get; } = Path.Combine(root, PodResourcesApi.Folder, PodResourcesApi.Socket);

    /// <exception cref="GrpcException">The kubelet refused, is not there, said too much or nothing in time.</exception>
    public Task<ListPodResourcesResponse> ListAsync(CancellationToken cancellationToken) =>
        CallAsync(PodResourcesApi.List, new ListPodResourcesRequest(), cancellationToken);

    /// <inheritdoc cref="ListAsync"/>
    public Task<AllocatableResourcesResponse> GetAllocatableAsync(CancellationToken cancellationToken) =>
        CallAsync(PodResourcesApi.GetAllocatable, new AllocatableResourcesRequest(), cancellationToken);

    public void Dispose() => _turn.Dispose();

    private async Task<TResponse> CallAsync<TRequest, TResponse>(GrpcMethod<TRequest, TResponse> method, TRequest request, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest> where TResponse : class, IMessage<TResponse>
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_last is { } last && Spacing - time.GetElapsedTime(last) is var wait && wait > TimeSpan.Zero)
                await Task.Delay(wait, time, cancellationToken);
            _last = time.GetTimestamp();
            using var channel = GrpcChannel.ForUnixSocket(SocketPath, new GrpcChannelOptions { MaxReceiveBytes = LargestAnswer, Time = time });
            return await channel.UnaryAsync(method, request, new GrpcCallOptions { Timeout = Deadline }, cancellationToken);
        }
        catch (ArgumentException fault)
        {
            throw new GrpcException(GrpcStatus.Unavailable, $"{SocketPath} is too long for a unix socket", fault);
        }
        finally
        {
            _turn.Release();
        }
    }
}
