using AIInfra.Grpc;
using AIInfra.Kubernetes.Protos.PluginRegistration.V1;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>The kubelet's contract with what it finds in its plugins_registry, <c>v1</c>. The messages are in Protos/pluginregistration/v1.</summary>
public static class PluginRegistrationApi
{
    /// <summary>Below the kubelet's root; it dials every socket that appears there.</summary>
    public const string Folder = "plugins_registry";
    public const string DevicePlugin = "DevicePlugin";

    public static readonly GrpcMethod<InfoRequest, PluginInfo> GetInfo = new("/pluginregistration.Registration/GetInfo", InfoRequest.Parser, PluginInfo.Parser);
    public static readonly GrpcMethod<RegistrationStatus, RegistrationStatusResponse> Notify = new("/pluginregistration.Registration/NotifyRegistrationStatus", RegistrationStatus.Parser, RegistrationStatusResponse.Parser);
}
