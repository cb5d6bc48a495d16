using AIInfra.Grpc;
using AIInfra.Kubernetes.Protos.DevicePlugin.V1Beta1;
using Microsoft.Extensions.Logging;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>The real kubelet of this node.</summary>
/// <param name="registerTimeout">The kubelet dials us and asks for our options inside the call.</param>
internal sealed class KubeletLink(
    string folder, string resource, Func<DevicePluginService> newService, TimeSpan registerTimeout, TimeProvider time, ILoggerFactory loggers) : IKubeletLink
{
    public async Task<IServedResource> ServeAsync(CancellationToken cancellationToken) =>
        await DevicePluginServer.StartAsync(folder, resource, newService(), time, loggers, cancellationToken);

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
