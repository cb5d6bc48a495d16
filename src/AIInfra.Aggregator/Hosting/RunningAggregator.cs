using System.Net;
using AIInfra.Aggregator.Api;
using AIInfra.Aggregator.Configuration;
using AIInfra.Aggregator.Identity;
using AIInfra.Aggregator.Nodes;
using AIInfra.Aggregator.Store;
using AIInfra.Aggregator.Streams;
using AIInfra.Core.Configuration;
using AIInfra.Core.Hosting.Logging;
using AIInfra.Grpc;
using AIInfra.Grpc.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AIInfra.Aggregator.Hosting;

/// <summary>An aggregator that listens: its parts run under their supervisors until it is disposed of.</summary>
internal sealed class RunningAggregator : IAsyncDisposable
{
    private readonly IHost _host;
    private readonly FleetListener _listener;

    private RunningAggregator(IHost host, FleetListener listener) => (_host, _listener) = (host, listener);

    public IServiceProvider Services => _host.Services;
    public IPEndPoint EndPoint => _listener.EndPoint;

    /// <param name="more">Registered after the aggregator's own parts, so that it may take their place.</param>
    /// <exception cref="IOException">It cannot start; one sentence.</exception>
    public static async Task<RunningAggregator> StartAsync(Config config, Action<IServiceCollection>? more, CancellationToken cancellationToken)
    {
        var host = Build(config, more);
        FleetListener? listener = null;
        try
        {
            await host.Services.GetRequiredService<NodeLoader>().LoadAsync(cancellationToken);
            await BeatAsync(host.Services.GetRequiredService<Replicas>(), cancellationToken);
            listener = await ListenAsync(host.Services, config, cancellationToken);
            await host.StartAsync(cancellationToken);
            return new RunningAggregator(host, listener);
        }
        catch
        {
            if (listener is not null)
                await listener.DisposeAsync();
            host.Dispose();
            throw;
        }
    }

    public Task WaitForShutdownAsync(CancellationToken cancellationToken) => _host.WaitForShutdownAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _listener.DisposeAsync();
        await _host.StopAsync();
        if (_host is IAsyncDisposable host)
            await host.DisposeAsync();
    }

    /// <summary>Before the first node comes: the others count nodes of a replica that they know to be alive.</summary>
    private static async Task BeatAsync(Replicas replicas, CancellationToken cancellationToken)
    {
        try
        {
            await replicas.BeatAsync(cancellationToken);
        }
        catch (StoreException)
        {
            // The database has said so; the first beat that it takes tells it of all nodes.
        }
    }

    private static IHost Build(Config config, Action<IServiceCollection>? more)
    {
        var authority = Authority.Open(config.Get(AggregatorKeys.StatePath), TimeProvider.System);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.AddLines(LogKeys.Options(config), "aiinfra-aggregator");
        builder.Services.Configure<ConsoleLifetimeOptions>(options => options.SuppressStatusMessages = true);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(10));
        builder.Services.AddAggregator(config, authority);
        more?.Invoke(builder.Services);
        return builder.Build();
    }

    private static async Task<FleetListener> ListenAsync(IServiceProvider services, Config config, CancellationToken cancellationToken)
    {
        var (loggers, certificates) = (services.GetRequiredService<ILoggerFactory>(), services.GetRequiredService<ServerCertificates>());
        certificates.Current(); // files that cannot be used are said now, not at the first handshake
        TlsBuffers.ReleaseWhileSilent(); // thousands of streams that say something three times a minute
        return await FleetListener.StartAsync(
            config.Get(AggregatorKeys.ListenAddress), services.GetRequiredService<FleetService>().Methods(), services.GetRequiredService<StreamOptions>().MaxMessageBytes,
            services.GetRequiredService<ApiServer>().AnswerAsync, new TlsConnections(certificates.Current, loggers.CreateLogger<TlsConnections>()),
            services.GetRequiredService<TimeProvider>(), loggers, cancellationToken);
    }
}
