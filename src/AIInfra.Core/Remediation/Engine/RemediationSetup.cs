using System.Collections.Frozen;
using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Probes;
using AIInfra.Core.Hosting;
using AIInfra.Core.Metrics;
using AIInfra.Core.Remediation.Actions;
using AIInfra.Core.Remediation.Journal;
using AIInfra.Core.Remediation.Ladders;
using AIInfra.Core.Remediation.Verification;
using AIInfra.Core.Sharing;
using AIInfra.Core.VendorHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.Remediation.Engine;

public static class RemediationSetup
{
    /// <summary>The engine, with whatever is registered as <see cref="IRemediationAction"/>, <see cref="IStandingSource"/>, <see cref="IGrants"/> and <see cref="IVerificationProbe"/>.</summary>
    /// <param name="folder"><c>state.path</c>.</param>
    /// <param name="kubeletRoots">Of the kubelets that are asked who holds which device.</param>
    public static IServiceCollection AddRemediation(this IServiceCollection services, RemediationOptions options, string folder, ImmutableArray<string> kubeletRoots) => services
        .AddSingleton<RemediationBoard>()
        .AddSingleton<StepProgress>()
        .AddSingleton(provider => new RemediationOrders(folder, provider.GetRequiredService<TimeProvider>()))
        .AddSingleton(provider => new RemediationJournal(folder, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<RemediationJournal>>()))
        .AddSingleton<IProblemLooks>(provider => provider.GetRequiredService<ProbeWorker>())
        .AddSingleton<PageRows, RemediationRows>()
        .AddSingleton(provider => Create(provider, options, kubeletRoots))
        .AddWorker(RemediationEngine.Part, provider => provider.GetRequiredService<RemediationEngine>());

    private static RemediationEngine Create(IServiceProvider provider, RemediationOptions options, ImmutableArray<string> kubeletRoots)
    {
        var (time, health) = (provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<HealthBoard>());
        var (journal, orders, evidence) = (provider.GetRequiredService<RemediationJournal>(), provider.GetRequiredService<RemediationOrders>(), provider.GetRequiredService<EvidenceCollector>());
        var parts = new EngineParts(
            health, journal, orders, provider.GetRequiredService<RemediationBoard>(), ActionSet.Of(provider.GetServices<IRemediationAction>()), [.. provider.GetServices<IGrants>()], evidence.CollectAsync);
        var boards = new OutlookBoards(
            health, provider.GetRequiredService<InventoryBoard>(), provider.GetRequiredService<ProbeBoard>(), provider.GetRequiredService<PodResourcesBoard>(), provider.GetRequiredService<OfferBoard>(),
            provider.GetRequiredService<VendorReleases>(), provider.GetRequiredService<HostPaths>(), kubeletRoots, [.. provider.GetServices<IStandingSource>()]);
        return new RemediationEngine(
            options, parts, new NodeOutlook(boards, options.Mode, options.Policy, orders, journal, time),
            new Verifier(health, provider.GetRequiredService<IProblemLooks>(), Probes(provider, options.Policy), options.Policy, time), time, provider.GetRequiredService<ILogger<RemediationEngine>>());
    }

    private static FrozenDictionary<string, IVerificationProbe> Probes(IServiceProvider provider, RemediationPolicy policy)
    {
        var system = provider.GetRequiredService<HostSystem>();
        IEnumerable<IVerificationProbe> all =
        [
            new UnitActive(system), new DeviceAnswers(provider.GetRequiredService<InventoryBoard>(), provider.GetRequiredService<HealthBoard>()), new Booted(provider.GetRequiredService<HostHands>()),
            .. policy.Tests.Select(test => new ProgramPasses(test, system)), .. provider.GetServices<IVerificationProbe>(),
        ];
        return all.ToFrozenDictionary(probe => probe.Name, StringComparer.Ordinal);
    }
}
