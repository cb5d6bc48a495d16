using AIInfra.Grpc;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>Why nothing is allocated, as the pod's owner reads it.</summary>
/// <param name="status">What the kubelet is answered with.</param>
/// <param name="sentence">What, which device, why and what to do.</param>
/// <param name="mayPass">True for a state that mends itself within seconds: worth a short wait, because the refusal is final for the pod.</param>
internal sealed class AllocationRefusal(GrpcStatus status, string sentence, bool mayPass) : Exception(sentence)
{
    public GrpcStatus Status => status;
    public bool MayPass => mayPass;
}
