using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Linux.Systemd;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AIInfra.Agent.Daemon;

/// <summary>The agent as a service of systemd (Type=notify).</summary>
internal static class ServiceManagerSetup
{
    public static IServiceCollection AddServiceManager(this IServiceCollection services) => services
        .AddSingleton<Heartbeats>()
        .AddSingleton(ServiceNotifier.Open(Environment.GetEnvironmentVariable))
        .AddWorker(ServiceManagerLink.Part, provider => new ServiceManagerLink(
            provider.GetRequiredService<ServiceNotifier>(), provider.GetRequiredService<HealthBoard>(), provider.GetRequiredService<Heartbeats>(),
            () => Status(provider.GetRequiredService<InventoryBoard>(), provider.GetRequiredService<HealthBoard>()),
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<ServiceManagerLink>>()));

    /// <summary>Ready when every part was started, stopping from the moment it was told to.</summary>
    public static void AnnounceLife(this IHost host)
    {
        var notifier = host.Services.GetRequiredService<ServiceNotifier>();
        var life = host.Services.GetRequiredService<IHostApplicationLifetime>();
        life.ApplicationStarted.Register(() => notifier.Ready("Started"));
        life.ApplicationStopping.Register(notifier.Stopping);
    }

    private static string Status(InventoryBoard inventory, HealthBoard health)
    {
        var (devices, problems) = (inventory.Current.Value.Devices.Count(), health.Current.Value.Problems.Length);
        return $"{Count(devices, "device")}, {Count(problems, "problem")}";
    }

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";
}
