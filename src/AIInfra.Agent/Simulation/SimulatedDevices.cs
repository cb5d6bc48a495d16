using System.Collections.Immutable;
using System.Text.Json;
using AIInfra.Agent.Commands;
using AIInfra.Agent.Configuration;
using AIInfra.Agent.Control;
using AIInfra.Agent.Daemon;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Labels;
using AIInfra.Core.Sharing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AIInfra.Agent.Simulation;

/// <summary>Prints the devices of a simulated node: the daemon's own drivers look at them once, and nothing is served.</summary>
internal static class SimulatedDevices
{
    private const string Vendor = "vendor ";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static async Task<int> ShowAsync(SimulatedNodeOptions options, bool showsLabels, bool asJson, CancellationToken cancellationToken)
    {
        var (status, model, simulators) = SimulatedNode.Check(options, Console.Error);
        if (status != ExitStatus.Ok)
            return status;
        var folder = Directory.CreateTempSubdirectory("aiinfra-sim-").FullName;
        try
        {
            var host = SimulatedHost.Write(folder, simulators, options, model);
            FileTimeline.Write(host.Root, options.Node, null, Console.Error);
            if (model is not null && await host.RunToolAsync("tree", cancellationToken) is var code and not 0)
                return code;
            host.SetEnvironment();
            var (config, files, errors) = AgentConfig.LoadWithFiles(Path.Combine(folder, "agent.yaml"));
            if (!AgentConfig.Report(errors, Console.Error))
                return ExitStatus.Config;
            await using var provider = new ServiceCollection().AddLogging().AddDevices(config, files).BuildServiceProvider();
            await LookAsync(provider, cancellationToken);
            if (showsLabels)
                ShowLabels(provider.GetRequiredService<LabelBoard>(), asJson);
            else
                Show(provider, asJson);
            return ExitStatus.Ok;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Runs the vendors until each has said what it has, or that it has nothing.</summary>
    private static async Task LookAsync(IServiceProvider provider, CancellationToken cancellationToken)
    {
        ImmutableArray<Supervisor> vendors = [.. provider.GetServices<IHostedService>().OfType<Supervisor>().Where(part => part.Name.StartsWith(Vendor, StringComparison.Ordinal))];
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        foreach (var vendor in vendors)
            await vendor.StartAsync(cancellationToken);
        try
        {
            await foreach (var inventory in provider.GetRequiredService<InventoryBoard>().Current.WatchAsync(patience.Token))
            {
                if (vendors.All(vendor => inventory.Vendors.Any(known => Vendor + known.Vendor == vendor.Name && known.State is VendorState.Ready or VendorState.Absent)))
                    break;
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            Console.Error.WriteLine($"Not every vendor has answered within {Patience.TotalSeconds:0} s; these are the devices of the others.");
        }
        foreach (var vendor in vendors)
            await vendor.StopAsync(CancellationToken.None);
    }

    private static void Show(IServiceProvider provider, bool asJson)
    {
        var devices = NodeView.Devices(
            provider.GetRequiredService<InventoryBoard>().Current.Value, provider.GetRequiredService<HealthBoard>().Current.Value, new PodsView(PodResourcesSnapshot.Unknown("There is no kubelet."), NodeOffer.Nothing));
        if (asJson)
            Console.WriteLine(JsonSerializer.Serialize(devices, ControlJson.Default.IReadOnlyListDeviceStatus));
        else
            ShowCommands.ShowDevices(devices);
    }

    private static void ShowLabels(LabelBoard labels, bool asJson)
    {
        labels.Refresh();
        if (asJson)
            Console.WriteLine(JsonSerializer.Serialize(labels.Current.Value, ControlJson.Default.IReadOnlyDictionaryStringString));
        else
            ShowCommands.ShowLabels(labels.Current.Value);
    }
}
