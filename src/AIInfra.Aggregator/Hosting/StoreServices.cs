using System.Collections.Immutable;
using AIInfra.Aggregator.Api;
using AIInfra.Aggregator.Audit;
using AIInfra.Aggregator.Cluster;
using AIInfra.Aggregator.Configuration;
using AIInfra.Aggregator.Grants;
using AIInfra.Aggregator.Incidents;
using AIInfra.Aggregator.Nodes;
using AIInfra.Aggregator.Notify;
using AIInfra.Aggregator.Store;
using AIInfra.Core.Configuration;
using AIInfra.Core.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AIInfra.Aggregator.Hosting;

/// <summary>The database and what stands on it: nodes, grants, audit, incidents, notices.</summary>
internal static class StoreServices
{
    public static IServiceCollection AddStore(this IServiceCollection services, Config config)
    {
        var policy = GrantPolicyReader.Load(config.Get(AggregatorKeys.GrantsPolicy)).Policy;
        var notify = Notify(config);
        return services
            .AddSingleton(policy)
            .AddSingleton(provider => FleetDatabase.Open(config.Get(AggregatorKeys.StoreConnection), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<FleetDatabase>>()))
            .AddSingleton(provider => new Replicas(provider.GetRequiredService<FleetDatabase>(), policy.View, provider.GetRequiredService<TimeProvider>()))
            .AddSingleton(provider => new NodeStore(provider.GetRequiredService<FleetDatabase>(), provider.GetRequiredService<Replicas>(), policy.Labels, provider.GetRequiredService<TextPool>()))
            .AddSingleton<INodeStore>(provider => provider.GetRequiredService<NodeStore>())
            .AddCluster(config, policy)
            .AddSingleton(provider => new GrantLedger(provider.GetRequiredService<FleetDatabase>(), provider.GetRequiredService<Replicas>(), policy,
                provider.GetRequiredService<ILogger<GrantLedger>>(), provider.GetService<ClusterMarks>()))
            .AddSingleton<GrantControls>()
            .AddSingleton<IAuditLog, AuditLog>()
            .AddSingleton<IncidentStore>()
            .AddSingleton(new CorrelationRule())
            .AddSingleton(notify)
            .AddSingleton<NoticeTargets>()
            .AddSingleton<DeadLetters>()
            .AddSingleton<IApiPart, BudgetPart>()
            .AddSingleton<IApiPart, IncidentPart>()
            .AddWorker("replica", provider => provider.GetRequiredService<Replicas>())
            .AddWorker<StoreLifeWatch>(StoreLifeWatch.Part)
            .AddWorker<IncidentWatch>(IncidentWatch.Part)
            .AddWorker<NoticeSender>(NoticeSender.Part)
            .AddWorker<Housekeeping>(Housekeeping.Part);
    }

    /// <summary>What is wrong beyond the form of single keys.</summary>
    public static ImmutableArray<ConfigError> Check(Config config, ConfigMark mark)
    {
        var errors = ImmutableArray.CreateBuilder<ConfigError>();
        try
        {
            _ = FleetDatabase.Open(config.Get(AggregatorKeys.StoreConnection), TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<FleetDatabase>.Instance); // opens nothing yet
        }
        catch (FormatException fault)
        {
            errors.Add(new ConfigError(mark, fault.Message));
        }
        errors.AddRange(GrantPolicyReader.Load(config.Get(AggregatorKeys.GrantsPolicy)).Errors);
        try
        {
            errors.AddRange(Notify(config).Faults().Select(fault => new ConfigError(mark, fault)));
        }
        catch (IOException fault)
        {
            errors.Add(new ConfigError(mark, fault.Message));
        }
        return errors.ToImmutable();
    }

    /// <exception cref="IOException">The file of the secret cannot be read; one sentence.</exception>
    private static NotifyOptions Notify(Config config) => new()
    {
        Alertmanagers = [.. config.Get(AggregatorKeys.Alertmanagers).Select(Address)],
        Webhook = config.Get(AggregatorKeys.Webhook) is { Length: > 0 } address ? Address(address) : null,
        WebhookSecret = config.Get(AggregatorKeys.WebhookSecretFile) is { Length: > 0 } file ? Secret(file) : default,
    };

    private static Uri Address(string text) => Uri.TryCreate(text, UriKind.Absolute, out var address) ? address : new Uri(text, UriKind.RelativeOrAbsolute);

    private static byte[] Secret(string file)
    {
        try
        {
            return System.Text.Encoding.UTF8.GetBytes(File.ReadAllText(file).Trim());
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"notify.webhookSecretFile names {file}, which cannot be read ({fault.Message.TrimEnd('.')}).", fault);
        }
    }
}
