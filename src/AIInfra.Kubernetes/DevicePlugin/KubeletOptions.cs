using System.Collections.Immutable;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sharing;
using AIInfra.Kubernetes.Audit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>How a plugin and the kubelet get to know each other.</summary>
public enum KubeletRegistrationMode
{
    /// <summary>The plugin calls the kubelet.</summary>
    Register,
    /// <summary>The kubelet finds the plugin's socket in its plugins_registry.</summary>
    Registry,
}

/// <summary>How this node's kubelets are served. Section <c>kubelet</c>.</summary>
public sealed record KubeletOptions
{
    /// <summary>The folders of the node's kubelets, by default <c>/var/lib/kubelet</c> alone. A kubelet's own <c>--root-dir</c> does not move the
    /// <c>device-plugins</c> folder in it: that path is compiled in.</summary>
    public ImmutableArray<string> Roots { get; init; } = ["/var/lib/kubelet"];
    /// <summary>The only one.</summary>
    public string Root { init => Roots = [value]; }
    /// <summary>Offer the devices through the device-plugin interface; by default on.</summary>
    public bool DevicePlugins { get; init; } = true;
    /// <summary>Ask the kubelets who holds what; by default on.</summary>
    public bool PodResources { get; init; } = true;
    public KubeletRegistrationMode Registration { get; init; }
}

public static class KubeletSetup
{
    /// <summary>Offers the node's devices to its kubelets. On a host without a kubelet: it waits, and says so once.</summary>
    public static IServiceCollection AddKubelet(this IServiceCollection services)
    {
        services.TryAddSingleton(new KubeletOptions());
        services.TryAddSingleton(new AuditOptions());
        return services
            .AddSingleton<PodResourcesBoard>()
            .AddSingleton<KubeletBoards>()
            .AddWorker<DevicePluginWorker>("kubelet")
            .AddWorker<AllocationAudit>(AllocationAudit.Part);
    }
}
