using System.Collections.Frozen;
using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Sharing;
using AIInfra.Grpc;
using AIInfra.Kubernetes.Protos.DevicePlugin.V1Beta1;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>Answers Allocate. A refusal fails the pod for good and its text is what the pod's owner reads, so it says what, which device,
/// why and what to do.</summary>
/// <param name="allocators">By <see cref="IAllocator.Vendor"/>.</param>
internal sealed class Allocation(string resource, FrozenDictionary<string, IAllocator> allocators, DeviceNodeCheck nodes, TimeProvider time)
{
    /// <summary>A problem that is older, or that does not end by itself, is not waited for.</summary>
    private static readonly TimeSpan Young = TimeSpan.FromSeconds(30);

    /// <exception cref="AllocationRefusal">Nothing is allocated.</exception>
    public AllocateResponse Answer(AllocateRequest request, DeviceList list, HealthSnapshot health)
    {
        if (request.ContainerRequests.Count == 0)
            throw Refusal(GrpcStatus.InvalidArgument, "the request names no container. This is a fault between kubelet and agent, not of the pod; create the pod again");

        var taken = new HashSet<string>(StringComparer.Ordinal);
        var response = new AllocateResponse { ContainerResponses = { Capacity = request.ContainerRequests.Count } };
        foreach (var container in request.ContainerRequests)
            response.ContainerResponses.Add(Answer(container, taken, list, health));
        return response;
    }

    private ContainerAllocateResponse Answer(ContainerAllocateRequest request, HashSet<string> taken, DeviceList list, HealthSnapshot health)
    {
        var count = request.DevicesIds.Count;
        if (count == 0)
            throw Refusal(GrpcStatus.InvalidArgument, $"the request names no device. Ask for at least 1 {resource} in the container's limits, or for none at all");
        if (taken.Count + count > list.Units.Length)
            throw Refusal(GrpcStatus.InvalidArgument, $"{taken.Count + count} devices are asked for and this node has {list.Units.Length}. Ask for fewer, or for a larger node");
        if (list.Resource.MostPerContainer is { } most && count > most)
        {
            throw Refusal(GrpcStatus.InvalidArgument,
                $"a container can have at most {most} of it and this one asks for {count}. It is a share of a device that others use too: two shares give no more memory "
                + $"and no more time than one. Set the container's limit to {most}");
        }

        var places = new int[count];
        for (var next = 0; next < places.Length; next++)
        {
            var id = request.DevicesIds[next];
            if (!taken.Add(id))
                throw Refusal(GrpcStatus.InvalidArgument, $"device {Shown(id)} is asked for twice. A device can be given once; create the pod again");
            places[next] = Place(id, list, health);
        }
        Array.Sort(places); // the kubelet sends them in any order
        return Write(list.Resource, [.. places.Select(place => list.Units[place].Unit)]);
    }

    private int Place(string id, DeviceList list, HealthSnapshot health)
    {
        var place = list.Topology.IndexOf(id);
        if (place < 0)
            throw Refusal(GrpcStatus.NotFound, $"this node has no device {Shown(id)}. It may have been replaced since the kubelet chose it; create the pod again");
        var unit = list.Units[place].Unit;
        if (health.FatalProblem(unit) is { } problem)
        {
            throw new AllocationRefusal(GrpcStatus.FailedPrecondition,
                $"{resource}: device {Shown(id)} is Unhealthy since {problem.FirstSeen:yyyy-MM-dd HH:mm:ss}Z: {problem.Message.TrimEnd('.')} ({problem.Id}). "
                + $"The pod did not cause this; create it again and it gets another device. On the node: aiinfra-agent explain {problem.Id}.", MayPass(problem));
        }
        if (!list.Units[place].IsPresent)
        {
            throw new AllocationRefusal(GrpcStatus.FailedPrecondition,
                $"{resource}: device {Shown(id)} is no longer on this node. Create the pod again and it gets another device.", mayPass: true);
        }
        if (nodes.Missing(unit) is { } node)
        {
            throw new AllocationRefusal(GrpcStatus.FailedPrecondition,
                $"{resource}: device {Shown(id)} cannot be used: its device node {node} is not on the node. The driver is being loaded or changed, or the node was removed by hand. "
                + "Create the pod again in a while; if it happens again, tell the cluster's administrators.", mayPass: true);
        }
        return place;
    }

    private bool MayPass(Problem problem) => problem.Clearing.Kind == ClearingKind.HealthyReading && time.GetUtcNow() - problem.FirstSeen < Young;

    private ContainerAllocateResponse Write(OfferedResource offered, ImmutableArray<OfferedUnit> units)
    {
        var response = new ContainerAllocateResponse();
        foreach (var vendor in units.GroupBy(unit => unit.First.Vendor))
        {
            if (!allocators.TryGetValue(vendor.Key, out var allocator))
                throw Refusal(GrpcStatus.FailedPrecondition, $"the agent does not know how to give a device of vendor {vendor.Key} to a container. Check that vendors.{vendor.Key} is enabled on the node");
            try
            {
                Add(allocator.Allocate(offered, [.. vendor]), response);
            }
            catch (AllocationRefusedException refusal)
            {
                throw Refusal(GrpcStatus.FailedPrecondition, refusal.Message);
            }
        }
        return response;
    }

    private static void Add(AllocationSpec spec, ContainerAllocateResponse response)
    {
        foreach (var (name, value) in spec.Environment)
            response.Envs[name] = value;
        foreach (var node in spec.DeviceNodes)
            response.Devices.Add(new DeviceSpec { HostPath = node.HostPath, ContainerPath = node.ContainerPath, Permissions = node.Permissions });
        foreach (var mount in spec.Mounts)
            response.Mounts.Add(new Mount { HostPath = mount.HostPath, ContainerPath = mount.ContainerPath, ReadOnly = mount.IsReadOnly });
        foreach (var (name, value) in spec.Annotations)
            response.Annotations[name] = value;
        foreach (var name in spec.CdiDevices)
            response.CdiDevices.Add(new CDIDevice { Name = name });
    }

    private AllocationRefusal Refusal(GrpcStatus status, string sentence) => new(status, $"{resource}: {sentence}.", mayPass: false);

    /// <summary>Ids come from outside: capped, and without control characters.</summary>
    private static string Shown(string id) => new([.. id.Take(80).Select(letter => char.IsControl(letter) ? '?' : letter)]);
}
