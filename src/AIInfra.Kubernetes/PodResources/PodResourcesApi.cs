using AIInfra.Grpc;
using AIInfra.Kubernetes.Protos.PodResources.V1;

namespace AIInfra.Kubernetes.PodResources;

/// <summary>The kubelet's pod-resources contract, <c>v1</c>. The messages are in Protos/podresources/v1.</summary>
public static class PodResourcesApi
{
    /// <summary>Below the kubelet's root.</summary>
    public const string Folder = "pod-resources";
    public const string Socket = "kubelet.sock";

    public static readonly GrpcMethod<ListPodResourcesRequest, ListPodResourcesResponse> List = new("/v1.PodResourcesLister/List", ListPodResourcesRequest.Parser, ListPodResourcesResponse.Parser);
    public static readonly GrpcMethod<AllocatableResourcesRequest, AllocatableResourcesResponse> GetAllocatable = new("/v1.PodResourcesLister/GetAllocatableResources", AllocatableResourcesRequest.Parser, AllocatableResourcesResponse.Parser);
}
