using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sharing;
using AIInfra.Grpc;
using AIInfra.Kubernetes.Protos.DevicePlugin.V1Beta1;
using Microsoft.Extensions.Logging;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>Answers the kubelet for one resource, from memory: no driver and no disk is asked, so nothing here can hang pod admission.</summary>
internal sealed partial class DevicePluginService(
    Latest<DeviceList> lists, Latest<HealthSnapshot> health, Latest<NicNearness> nics, Allocation allocation, AllocateCalls calls, TimeProvider time, ILogger logger)
{
    public static readonly DevicePluginOptions Options = new() { GetPreferredAllocationAvailable = true };
    /// <summary>How long an Allocate waits for a state that is passing. The kubelet admits no other pod meanwhile; a refusal is final for the pod.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    /// <summary>Nothing tells when a device node comes.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    private readonly StreamCounter _streams = new();

    public Latest<OpenStreams> Streams => _streams.Current;

    public GrpcServiceTable Methods() => new GrpcServiceTable()
        .Unary(DevicePluginApi.GetOptions, (_, _) => Task.FromResult(Options))
        .ServerStreaming(DevicePluginApi.ListAndWatch, (_, writer, call) => ListAndWatchAsync(writer, call.CancellationToken))
        .Unary(DevicePluginApi.GetPreferredAllocation, (request, _) => Task.FromResult(Prefer(request)))
        .Unary(DevicePluginApi.Allocate, (request, call) => AllocateAsync(request, call.CancellationToken))
        .Unary(DevicePluginApi.PreStartContainer, (_, _) => Task.FromResult(new PreStartContainerResponse()));

    /// <summary>The whole list at once, then after each change. It never ends by itself, and never with an empty list.</summary>
    internal async Task ListAndWatchAsync(GrpcStreamWriter<ListAndWatchResponse> writer, CancellationToken cancellationToken)
    {
        _streams.Opened();
        try
        {
            for (DeviceList? sent = null; ;)
            {
                var list = lists.Value;
                if (sent is null || !list.TellsTheSame(sent))
                {
                    await writer.WriteAsync(list.Message, cancellationToken);
                    _streams.Sent(new SentList(list, time.GetTimestamp()));
                }
                sent = list;
                await lists.WaitForChangeAsync(list, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The kubelet is gone, or this server stops.
        }
        catch (GrpcException fault) when (fault.Status == GrpcStatus.ResourceExhausted)
        {
            LogTooLarge(lists.Value.Resource.Name, lists.Value.Units.Length, fault.Detail);
            throw;
        }
        finally
        {
            _streams.Closed();
        }
    }

    /// <summary>Gives what is asked for; waits for at most <see cref="Patience"/> where that may help.</summary>
    internal async Task<AllocateResponse> AllocateAsync(AllocateRequest request, CancellationToken cancellationToken)
    {
        using var call = calls.Begin();
        var started = time.GetTimestamp();
        while (true)
        {
            var (list, problems) = (lists.Value, health.Value);
            try
            {
                return allocation.Answer(request, list, problems);
            }
            catch (AllocationRefusal refusal)
            {
                var left = Patience - time.GetElapsedTime(started);
                if (!refusal.MayPass || left <= TimeSpan.Zero)
                {
                    LogRefusal(refusal.Message);
                    throw new GrpcException(refusal.Status, refusal.Message);
                }
                await FirstOf.WaitAsync(cancellationToken,
                    token => lists.WaitForChangeAsync(list, token),
                    token => health.WaitForChangeAsync(problems, token),
                    token => Task.Delay(left < Look ? left : Look, time, token));
            }
        }
    }

    internal PreferredAllocationResponse Prefer(PreferredAllocationRequest request)
    {
        var (list, healthy) = (lists.Value, health.Value.Devices);
        var placement = new Placement(list.Topology, list.Resource.Placement, nics.Value) { PrefersRings = list.Resource.PrefersRings };
        var response = new PreferredAllocationResponse();
        foreach (var container in request.ContainerRequests)
        {
            var usable = container.AvailableDeviceIDs.Where(id => IsUsable(id, list, healthy));
            var chosen = placement.Choose(usable, container.MustIncludeDeviceIDs, container.AllocationSize);
            response.ContainerResponses.Add(new ContainerPreferredAllocationResponse { DeviceIDs = { chosen } });
        }
        return response;
    }

    /// <summary>The kubelet may not have read the last list yet.</summary>
    private static bool IsUsable(string id, DeviceList list, DeviceHealth health) =>
        list.Topology.IndexOf(id) is var place and >= 0 && list.Units[place] is { IsPresent: true, Unit: var unit } && health.IsHealthy(unit);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A pod was refused: {Reason}")]
    private partial void LogRefusal(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Resource}: the list of {Count} devices is more than the kubelet can read ({Reason}). Offer fewer, larger shares")]
    private partial void LogTooLarge(string resource, int count, string reason);
}
