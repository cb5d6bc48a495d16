using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sharing;
using AIInfra.Core.VendorHost;
using AIInfra.Linux.Systemd;
using Microsoft.Extensions.DependencyInjection;

namespace AIInfra.Core.Remediation.Actions;

/// <param name="Node">The node's name, as others know it.</param>
/// <param name="StateFolder"><c>state.path</c>.</param>
/// <param name="KubeletRoots">Of the kubelets that are asked who holds which device.</param>
public sealed record ActionOptions(string Node, string StateFolder, ImmutableArray<string> KubeletRoots);

public static class ActionsSetup
{
    /// <summary>What can be done on the host itself. Nothing is opened before the first step that needs it.</summary>
    public static IServiceCollection AddHostActions(this IServiceCollection services, ActionOptions options)
    {
        services
            .AddSingleton(provider => new HostSystem(provider.GetRequiredService<HostPaths>(), provider.GetRequiredService<TimeProvider>()))
            .AddSingleton(provider => new HostHands(provider.GetRequiredService<HostPaths>(), HostHands.IsUnderTest))
            .AddSingleton(provider => new ResetBoards(
                provider.GetRequiredService<InventoryBoard>(), provider.GetRequiredService<HealthBoard>(), provider.GetRequiredService<PodResourcesBoard>(),
                provider.GetRequiredService<OfferBoard>(), provider.GetRequiredService<VendorReleases>(), options.KubeletRoots));
        services.AddSingleton(provider => new EvidenceCollector(
            provider.GetRequiredService<HostSystem>(), provider.GetRequiredService<HostHands>(), provider.GetRequiredService<HealthBoard>(), options.StateFolder, provider.GetRequiredService<TimeProvider>()));
        return services
            .AddAction((system, hands, _) => new RestartUnit(system, hands))
            .AddAction((system, hands, _) => new NudgeUnit("reload-unit", UnitJob.Reload, system, hands))
            .AddAction((system, hands, _) => new NudgeUnit("start-unit", UnitJob.Start, system, hands))
            .AddAction((system, hands, provider) => new KillUnit(system, hands, provider.GetRequiredService<TimeProvider>()))
            .AddAction((system, hands, provider) => new Reboot(system, hands, provider.GetRequiredService<TimeProvider>()))
            .AddAction((system, hands, _) => new RunCommand("run", false, system, hands))
            .AddAction((system, hands, _) => new RunCommand("run-disruptive", true, system, hands))
            .AddAction((system, hands, provider) =>
            {
                var vendors = provider.GetServices<IDeviceResets>().ToDictionary(vendor => vendor.Vendor, StringComparer.Ordinal);
                return Reset("reset-device", (_, device, inventory) => vendors.TryGetValue(device.Vendor, out var vendor)
                    ? vendor.Plan(device, inventory) : ResetPlan.NotPossible($"How a device of {device.Vendor} is reset is not known; reset-pci may do it."), null, system, hands, provider);
            })
            .AddAction((system, hands, provider) => Reset("reset-pci", (_, device, inventory) => PciResets.Reset(device, inventory, hands.Host.Sys), null, system, hands, provider))
            .AddAction((system, hands, provider) => Reset("rescan-pci", (_, device, _) => PciResets.Rescan(device), null, system, hands, provider))
            .AddAction((system, hands, provider) => Reset(ReloadDriver.Name, (planned, device, inventory) => ReloadDriver.Plan(inventory, planned.Arguments, ServicesOf(provider, device, inventory)), ReloadDriver.Refuse, system, hands, provider))
            .AddAction((_, hands, provider) => new BounceLink(hands, provider.GetRequiredService<TimeProvider>()))
            .AddAction((_, _, provider) => new RequestReplacement(
                options.Node, options.StateFolder, provider.GetRequiredService<InventoryBoard>(), provider.GetRequiredService<HealthBoard>(), new HttpClient(), provider.GetRequiredService<TimeProvider>()));
    }

    private static ImmutableArray<string> ServicesOf(IServiceProvider provider, Device device, VendorInventory inventory) =>
        provider.GetServices<IDeviceResets>().FirstOrDefault(vendor => vendor.Vendor == device.Vendor)?.Plan(device, inventory).Services ?? [];

    private static ResetDevice Reset(
        string name, Func<ActionStep, Device, VendorInventory, ResetPlan> planOf, Func<ImmutableArray<string>, string?>? refuse,
        HostSystem system, HostHands hands, IServiceProvider provider) =>
        new(name, planOf, refuse, system, hands, provider.GetRequiredService<ResetBoards>(), provider.GetRequiredService<TimeProvider>());

    private static IServiceCollection AddAction(this IServiceCollection services, Func<HostSystem, HostHands, IServiceProvider, IRemediationAction> make) =>
        services.AddSingleton(provider => make(provider.GetRequiredService<HostSystem>(), provider.GetRequiredService<HostHands>(), provider));
}
