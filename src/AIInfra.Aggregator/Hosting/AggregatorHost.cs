using AIInfra.Aggregator.Api;
using AIInfra.Aggregator.Configuration;
using AIInfra.Aggregator.Identity;
using AIInfra.Aggregator.Streams;
using AIInfra.Core.Configuration;
using AIInfra.Core.Hosting;
using AIInfra.Grpc.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AIInfra.Aggregator.Hosting;

/// <summary>The life of the aggregator: lock, authority, compose, listen, run until told to stop.</summary>
internal static partial class AggregatorHost
{
    /// <returns>An <see cref="ExitStatus"/>.</returns>
    public static async Task<int> RunAsync(Config config, CancellationToken cancellationToken)
    {
        var folder = config.Get(AggregatorKeys.StatePath);
        using var instance = AggregatorLock.Take(folder, out var refusal, out var status);
        if (instance is null)
        {
            await Console.Error.WriteLineAsync(refusal);
            return status;
        }
        try
        {
            var authority = Authority.Open(folder, TimeProvider.System);
            using var host = Build(config, authority);
            await using var listener = await ListenAsync(host.Services, config, cancellationToken);
            var logger = host.Services.GetRequiredService<ILoggerFactory>().CreateLogger("AIInfra.Aggregator");
            LogStarted(logger, ProgramInfo.Version, listener.EndPoint.ToString(), authority.Fingerprint);
            await host.RunAsync(cancellationToken);
            LogStopped(logger);
            return Environment.ExitCode;
        }
        catch (IOException fault)
        {
            await Console.Error.WriteLineAsync(fault.Message);
            return ExitStatus.Unavailable;
        }
    }

    private static IHost Build(Config config, Authority authority)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.AddLines();
        builder.Services.Configure<ConsoleLifetimeOptions>(options => options.SuppressStatusMessages = true);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(10));
        builder.Services.AddAggregator(config, authority);
        return builder.Build();
    }

    private static async Task<FleetListener> ListenAsync(IServiceProvider services, Config config, CancellationToken cancellationToken)
    {
        var (loggers, certificates) = (services.GetRequiredService<ILoggerFactory>(), services.GetRequiredService<ServerCertificates>());
        certificates.Current(); // files that cannot be used are said now, not at the first handshake
        return await FleetListener.StartAsync(
            config.Get(AggregatorKeys.ListenAddress), services.GetRequiredService<FleetService>().Methods(), services.GetRequiredService<StreamOptions>().MaxMessageBytes,
            services.GetRequiredService<ApiServer>().AnswerAsync, new TlsConnections(certificates.Current, loggers.CreateLogger<TlsConnections>()),
            services.GetRequiredService<TimeProvider>(), loggers, cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "aiinfra-aggregator {Version} serves agents and the API on https://{Address}; its authority is {Fingerprint}")]
    private static partial void LogStarted(ILogger logger, string version, string address, string fingerprint);

    [LoggerMessage(Level = LogLevel.Information, Message = "Stopped")]
    private static partial void LogStopped(ILogger logger);
}
