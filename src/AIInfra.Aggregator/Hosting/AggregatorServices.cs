using AIInfra.Aggregator.Api;
using AIInfra.Aggregator.Configuration;
using AIInfra.Aggregator.Identity;
using AIInfra.Aggregator.Metrics;
using AIInfra.Aggregator.Nodes;
using AIInfra.Aggregator.Streams;
using AIInfra.Core.Configuration;
using AIInfra.Core.Hosting;
using AIInfra.Core.Metrics;
using AIInfra.Kubernetes.Api;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AIInfra.Aggregator.Hosting;

/// <summary>What the aggregator is made of, one line a part.</summary>
internal static class AggregatorServices
{
    public static IServiceCollection AddAggregator(this IServiceCollection services, Config config, Authority authority) => services
        .AddSingleton(TimeProvider.System)
        .AddSingleton<WorkerBoard>()
        .AddIdentity(config, authority)
        .AddFleet(config)
        .AddStore(config)
        .AddApi(config);

    private static IServiceCollection AddIdentity(this IServiceCollection services, Config config, Authority authority)
    {
        var folder = config.Get(AggregatorKeys.StatePath);
        return services
            .AddSingleton(new AuthorityHolder(authority))
            .AddSingleton(provider => new Tokens(folder, provider.GetRequiredService<TimeProvider>()))
            .AddSingleton(provider => new Revocations(folder, provider.GetRequiredService<TimeProvider>()))
            .AddSingleton(AggregatorConfig.Certificate(config))
            .AddSingleton<ServerCertificates>()
            .AddSingleton(provider => new Callers(
                provider.GetRequiredService<AuthorityHolder>(), provider.GetRequiredService<Tokens>(), provider.GetRequiredService<Revocations>(), BoundTokensOf(provider, config)))
            .AddSingleton(new IdentityWatchOptions(folder))
            .AddWorker<IdentityWatch>(IdentityWatch.Part);
    }

    private static IServiceCollection AddFleet(this IServiceCollection services, Config config) => services
        .AddSingleton<ChangeFeed>()
        .AddSingleton<FleetView>()
        .AddSingleton<TextPool>()
        .AddSingleton<NodeReducer>()
        .AddSingleton(AggregatorConfig.Streams(config))
        .AddSingleton(new FleetServiceOptions(config.Get(AggregatorKeys.CertificateLifetime)))
        .AddSingleton<Sessions>()
        .AddSingleton<GrantDesk>()
        .AddSingleton<GrantPush>()
        .AddWorker(GrantPush.Part, provider => provider.GetRequiredService<GrantPush>())
        .AddSingleton<SessionRunner>()
        .AddSingleton<FleetService>()
        .AddSingleton(new NodeLoaderOptions(IsShared: !IsSqlite(config.Get(AggregatorKeys.StoreConnection))))
        .AddWorker<NodeLoader>(NodeLoader.Part)
        .AddWorker<NodeWriter>(NodeWriter.Part)
        .AddWorker<LostNodes>(LostNodes.Part);

    private static IServiceCollection AddApi(this IServiceCollection services, Config config) => services
        .AddSingleton<EventPart>()
        .AddSingleton<IApiPart, FleetPart>()
        .AddSingleton<IApiPart, AuditPart>()
        .AddSingleton<IApiPart, CallerPart>()
        .AddSingleton<IApiPart>(provider => provider.GetRequiredService<EventPart>())
        .AddSingleton<PageFiles>()
        .AddSingleton<ApiServer>()
        .AddSingleton<PageRows, FleetRows>()
        .AddWorker(MetricsEndpoint.Part, provider => new MetricsEndpoint(
            config.Get(AggregatorKeys.MetricsAddress), provider.GetServices<PageRows>(), provider.GetRequiredService<ILoggerFactory>()));

    /// <summary>Null where there is no Kubernetes, or it is not to be asked.</summary>
    private static BoundTokens? BoundTokensOf(IServiceProvider provider, Config config)
    {
        var (asked, time) = (config.Get(AggregatorKeys.KubernetesTokens), provider.GetRequiredService<TimeProvider>());
        if (asked == "false")
            return null;
        if (Cluster(config, time) is not { } credentials)
            return asked == "auto" ? null : throw new IOException("identity.kubernetes is true, but this is no pod and kubernetes.kubeconfig is empty: set one, or leave it at auto.");
        return new BoundTokens(AggregatorConfig.BoundTokens(config), Client(credentials, time).ReviewTokenAsync, time, provider.GetRequiredService<ILogger<BoundTokens>>());
    }

    /// <summary>Null where this is no pod, and no kubeconfig is named.</summary>
    internal static ApiCredentials? Cluster(Config config, TimeProvider time) =>
        config.Get(AggregatorKeys.Kubeconfig) is { Length: > 0 } file ? KubeconfigReader.ReadFile(file, time) : ApiCredentials.InCluster(Environment.GetEnvironmentVariable, time);

    /// <param name="perSecond">Requests at most; twice that at once.</param>
    internal static ApiClient Client(ApiCredentials credentials, TimeProvider time, int perSecond = 50) =>
        new(credentials, new ApiClientOptions { Time = time, Budget = new RequestBudget(perSecond, 2 * perSecond, time), UserAgent = $"aiinfra-aggregator/{ProgramInfo.Version} (linux)" });

    private static bool IsSqlite(string connection) => connection.Contains("Data Source=", StringComparison.OrdinalIgnoreCase);
}
