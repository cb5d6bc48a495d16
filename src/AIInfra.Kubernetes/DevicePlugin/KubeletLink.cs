using AIInfra.Grpc;
using AIInfra.Kubernetes.Protos.DevicePlugin.V1Beta1;
using Microsoft.Extensions.Logging;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>A real kubelet of this node, and its folder of plugins.</summary>
/// <param name="guard">Held before anything is made in the folder.</param>
/// <param name="registerTimeout">The kubelet dials us and asks for our options inside the call.</param>
internal sealed class KubeletLink(
    string folder, PluginFolderLock guard, string resource, Func<DevicePluginService> newService, TimeSpan registerTimeout, TimeProvider time, ILoggerFactory loggers) : IKubeletLink
{
    public async Task<IServedResource> ServeAsync(CancellationToken cancellationToken)
    {
        if (!guard.TryHold())
            throw new AnotherAgentException(folder);
        var service = newService();
        return await DevicePluginServer.StartAsync(folder, resource, service.Methods(), service.Streams, time, loggers, cancellationToken);
    }

    public async Task RegisterAsync(string endpoint, CancellationToken cancellationToken)
    {
        var request = new RegisterRequest
        {
            Version = DevicePluginApi.Version,
            Endpoint = endpoint,
            ResourceName = resource,
            Options = DevicePluginService.Options, // the kubelet asks again, by GetDevicePluginOptions, and believes that
        };
        using var channel = GrpcChannel.ForUnixSocket(Path.Combine(folder, DevicePluginApi.KubeletSocket));
        await channel.UnaryAsync(DevicePluginApi.Register, request, new GrpcCallOptions { Timeout = registerTimeout }, cancellationToken);
    }
}
