using System.Net;
using AIInfra.Aggregator.Configuration;
using AIInfra.Aggregator.Identity;
using AIInfra.Core.Configuration;
using AIInfra.Linux.Files;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AIInfra.Aggregator.Hosting;

/// <summary>The life of the aggregator: lock, start, run until told to stop.</summary>
internal static partial class AggregatorHost
{
    /// <returns>An <see cref="ExitStatus"/>.</returns>
    public static async Task<int> RunAsync(Config config, CancellationToken cancellationToken)
    {
        FileMask.OwnerOnly();
        using var instance = AggregatorLock.Take(config.Get(AggregatorKeys.StatePath), out var refusal, out var status);
        if (instance is null)
        {
            await Console.Error.WriteLineAsync(refusal);
            return status;
        }
        try
        {
            await using var aggregator = await RunningAggregator.StartAsync(config, null, cancellationToken);
            var logger = aggregator.Services.GetRequiredService<ILoggerFactory>().CreateLogger("AIInfra.Aggregator");
            var fingerprint = aggregator.Services.GetRequiredService<AuthorityHolder>().Current.Fingerprint;
            LogStarted(logger, ProgramInfo.Version, aggregator.EndPoint, fingerprint);
            await aggregator.WaitForShutdownAsync(cancellationToken);
            LogStopping(logger);
            return Environment.ExitCode;
        }
        catch (IOException fault)
        {
            await Console.Error.WriteLineAsync(fault.Message);
            return ExitStatus.Unavailable;
        }
    }

    [LoggerMessage(EventName = "AggregatorHost.Started", Level = LogLevel.Information, Message = "aiinfra-aggregator {Version} serves agents and the API on https://{Address}; its authority is {Fingerprint}")]
    private static partial void LogStarted(ILogger logger, string version, IPEndPoint address, string fingerprint);

    [LoggerMessage(EventName = "AggregatorHost.Stopping", Level = LogLevel.Information, Message = "Stopping")]
    private static partial void LogStopping(ILogger logger);
}
