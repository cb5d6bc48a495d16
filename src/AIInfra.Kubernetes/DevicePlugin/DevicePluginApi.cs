using AIInfra.Grpc;
using AIInfra.Kubernetes.Protos.DevicePlugin.V1Beta1;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>The kubelet's device-plugin contract, <c>v1beta1</c>. The messages are in Protos/deviceplugin/v1beta1.</summary>
public static class DevicePluginApi
{
    public const string Version = "v1beta1";
    /// <summary>Below the kubelet's root: where it listens and where plugins do.</summary>
    public const string Folder = "device-plugins";
    public const string KubeletSocket = "kubelet.sock";
    public const string Healthy = "Healthy";
    public const string Unhealthy = "Unhealthy";

    /// <summary>Served by the kubelet.</summary>
    public static readonly GrpcMethod<RegisterRequest, Empty> Register = new("/v1beta1.Registration/Register", RegisterRequest.Parser, Empty.Parser);

    public static readonly GrpcMethod<Empty, DevicePluginOptions> GetOptions = new("/v1beta1.DevicePlugin/GetDevicePluginOptions", Empty.Parser, DevicePluginOptions.Parser);
    public static readonly GrpcMethod<Empty, ListAndWatchResponse> ListAndWatch = new("/v1beta1.DevicePlugin/ListAndWatch", Empty.Parser, ListAndWatchResponse.Parser);
    public static readonly GrpcMethod<PreferredAllocationRequest, PreferredAllocationResponse> GetPreferredAllocation = new("/v1beta1.DevicePlugin/GetPreferredAllocation", PreferredAllocationRequest.Parser, PreferredAllocationResponse.Parser);
    public static readonly GrpcMethod<AllocateRequest, AllocateResponse> Allocate = new("/v1beta1.DevicePlugin/Allocate", AllocateRequest.Parser, AllocateResponse.Parser);
    public static readonly GrpcMethod<PreStartContainerRequest, PreStartContainerResponse> PreStartContainer = new("/v1beta1.DevicePlugin/PreStartContainer", PreStartContainerRequest.Parser, PreStartContainerResponse.Parser);
}
