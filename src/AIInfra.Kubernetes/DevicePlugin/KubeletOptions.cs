using AIInfra.Core.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>How this node's kubelet is served. Section <c>kubelet</c>.</summary>
public sealed record KubeletOptions
{
    /// <summary>The kubelet's folder, by default <c>/var/lib/kubelet</c>. The kubelet's own <c>--root-dir</c> does not move the
    /// <c>device-plugins</c> folder in it: that path is compiled in.</summary>
    public string Root { get; init; } = "/var/lib/kubelet";
    /// <summary>Offer the devices through the device-plugin interface; by default on.</summary>
    public bool DevicePlugins { get; init; } = true;

    internal string PluginFolder => Path.Combine(Root, DevicePluginApi.Folder);
}

public static class KubeletSetup
{
    /// <summary>Offers the node's devices to its kubelet. On a host without a kubelet: it waits, and says so once.</summary>
    public static IServiceCollection AddKubelet(this IServiceCollection services)
    {
        services.TryAddSingleton(new KubeletOptions());
        return services.AddWorker<DevicePluginWorker>("kubelet");
    }
}
