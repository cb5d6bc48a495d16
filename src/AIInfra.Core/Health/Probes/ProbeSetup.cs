using System.Collections.Immutable;
using AIInfra.Core.Hosting;
using AIInfra.Core.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace AIInfra.Core.Health.Probes;

/// <summary>The probes that there are, and how each is set.</summary>
/// <param name="Settings">By name; one that is left out has its defaults.</param>
public sealed record ProbeSetup(ImmutableArray<ProbeDefinition> Definitions, ImmutableDictionary<string, ProbeSettings> Settings, ProbeParts Parts)
{
    /// <summary>New instances, one of each probe, in the order of the definitions.</summary>
    public ImmutableArray<ProbeRunner> CreateRunners() => [.. Definitions.Select(Create)];

    private ProbeRunner Create(ProbeDefinition definition)
    {
        var settings = Settings.GetValueOrDefault(definition.Name) ?? ProbeSettings.DefaultsOf(definition);
        return new ProbeRunner(definition, settings, definition.Create(Parts with { Limits = settings.Limits }), Parts.Time);
    }
}

public static class ProbeServices
{
    /// <param name="launcher">Of the children for what may hang.</param>
    /// <param name="setup">Given what is registered, and the children.</param>
    public static IServiceCollection AddProbes(
        this IServiceCollection services, VendorHost.VendorHostLauncher launcher, Func<IServiceProvider, ProbeChildren, ProbeSetup> setup) => services
        .AddSingleton(provider => new ProbeChildren(launcher, provider.GetRequiredService<TimeProvider>()))
        .AddSingleton(provider => setup(provider, provider.GetRequiredService<ProbeChildren>()))
        .AddSingleton<ProbeBoard>()
        .AddSingleton<PageRows, ProbeRows>()
        .AddWorker<ProbeWorker>(ProbeWorker.Part);
}
