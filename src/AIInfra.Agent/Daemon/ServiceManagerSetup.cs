using System.Net.Sockets;
using AIInfra.Agent.Control;
using AIInfra.Core.Configuration;
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
    public static IServiceCollection AddServiceManager(this IServiceCollection services, Config config) => services
        .AddSingleton<Heartbeats>()
        .AddSingleton(ServiceNotifier.Open(Environment.GetEnvironmentVariable))
        .AddWorker(ServiceManagerLink.Part, provider => new ServiceManagerLink(
            provider.GetRequiredService<ServiceNotifier>(), provider.GetRequiredService<HealthBoard>(), provider.GetRequiredService<Heartbeats>(),
            () => Answers(ControlServer.SocketPath(config)), () => Status(provider.GetRequiredService<InventoryBoard>(), provider.GetRequiredService<HealthBoard>()),
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<ServiceManagerLink>>()));

    /// <summary>Stopping, from the moment it was told to; where it begins anew, reloading.</summary>
    public static void AnnounceStop(this IHost host, CancellationToken reload)
    {
        var notifier = host.Services.GetRequiredService<ServiceNotifier>();
        var life = host.Services.GetRequiredService<IHostApplicationLifetime>();
        life.ApplicationStopping.Register(() =>
        {
            if (reload.IsCancellationRequested)
                notifier.Reloading();
            else
                notifier.Stopping();
        });
    }

    /// <summary>A socket that an agent before this one left behind takes no connection.</summary>
    private static bool Answers(string path)
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static string Status(InventoryBoard inventory, HealthBoard health)
    {
        var (devices, problems) = (inventory.Current.Value.Devices.Count(), health.Current.Value.Problems.Length);
        return $"{Count(devices, "device")}, {Count(problems, "problem")}";
    }

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";
}
