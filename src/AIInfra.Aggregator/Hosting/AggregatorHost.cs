using System.Net;
using AIInfra.Aggregator.Configuration;
using AIInfra.Aggregator.Identity;
using AIInfra.Core.Configuration;
using AIInfra.Core.Hosting;
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
        var folder = config.Get(AggregatorKeys.StatePath);
        using var instance = SingleInstance.Take(folder, "aggregator", out var refusal);
        if (instance is null)
        {
            await Console.Error.WriteLineAsync(Say(refusal, folder));
            return refusal.Fault == InstanceFault.Taken ? ExitStatus.AlreadyRunning : ExitStatus.CannotCreate;
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

    private static string Say(InstanceRefusal refusal, string folder) => refusal.Fault switch
    {
        InstanceFault.NoPermission => $"No permission to use the state folder {folder}. Start it as the user that owns it, or set state.path to a folder of your own.",
        InstanceFault.Taken => $"Another aiinfra-aggregator runs on {folder} already{refusal.Detail}; this one was not started. A second replica needs its own state.path with a copy of the files in it.",
        _ => $"The state folder {folder} cannot be used: {refusal.Detail} Set state.path to a folder that can be written.",
    };

    [LoggerMessage(EventName = "AggregatorHost.Started", Level = LogLevel.Information, Message = "aiinfra-aggregator {Version} serves agents and the API on https://{Address}; its authority is {Fingerprint}")]
    private static partial void LogStarted(ILogger logger, string version, IPEndPoint address, string fingerprint);

    [LoggerMessage(EventName = "AggregatorHost.Stopping", Level = LogLevel.Information, Message = "Stopping")]
    private static partial void LogStopping(ILogger logger);
}
