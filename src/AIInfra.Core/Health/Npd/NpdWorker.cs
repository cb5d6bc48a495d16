using AIInfra.Core.Configuration;
using AIInfra.Core.Health.Npd.Configuration;
using AIInfra.Core.Hosting;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.Health.Npd;

/// <summary>Says which files of node-problem-detector are in use and which could not be loaded, and turns conditions back whose problem is over.</summary>
public sealed partial class NpdWorker(NpdConfiguration configuration, NpdBoard board, HealthBoard health, WorkerBoard workers, ILogger<NpdWorker> logger) : IWorker
{
    /// <summary>Name of the part in /readyz.</summary>
    public const string Part = "npd files";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        Say();
        while (true)
        {
            var seen = health.Current.Value;
            board.Settle();
            await health.Current.WaitForChangeAsync(seen, cancellationToken);
        }
    }

    private void Say()
    {
        foreach (var note in configuration.Notes)
            LogNote(note);
        foreach (var error in configuration.Errors)
            LogBad(error);
        LogLoaded(configuration.Logs.Length, configuration.Plugins.Length, configuration.Stats.Length);
        if (configuration.Errors.IsEmpty)
            return;
        var files = configuration.Errors.Select(error => error.Mark.Source).Distinct().Count();
        workers.NotReady(Part, $"{(files == 1 ? "One file" : $"{files} files")} of health.npdConfig cannot be used, and what it asks for is not watched: {configuration.Errors[0]}"
            + (configuration.Errors.Length > 1 ? $" And {configuration.Errors.Length - 1} more; `aiinfra-agent check-config FILE` lists them." : ""));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Note}")]
    private partial void LogNote(ConfigError note);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Fault} The file is left out; the others are used")]
    private partial void LogBad(ConfigError fault);

    [LoggerMessage(Level = LogLevel.Information, Message = "Of node-problem-detector's files, {Logs} log monitors, {Plugins} plugin monitors and {Stats} system statistics monitors are in use")]
    private partial void LogLoaded(int logs, int plugins, int stats);
}
