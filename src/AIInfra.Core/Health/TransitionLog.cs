using AIInfra.Core.Hosting;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.Health;

/// <summary>Says in the log what was raised, worsened, cleared: once each, however often it is seen.</summary>
public sealed partial class TransitionLog(HealthBoard board, ILogger<TransitionLog> logger) : IWorker
{
    private HealthTransition? _last = board.Current.Value.Transitions.LastOrDefault();

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var snapshot in board.Current.WatchAsync(cancellationToken))
            Tell(snapshot);
    }

    internal void Tell(HealthSnapshot snapshot)
    {
        var seen = _last is null ? -1 : snapshot.Transitions.LastIndexOf(_last); // not found: more came than the history keeps
        foreach (var step in snapshot.Transitions.AsSpan()[(seen + 1)..])
        {
            var level = step.Kind == TransitionKind.Cleared || step.Severity == Severity.Info ? LogLevel.Information
                : step.Severity == Severity.Fatal ? LogLevel.Error : LogLevel.Warning;
            LogStep(level, step.Kind, step.ProblemId, step.Subject, step.Severity, step.Why);
            _last = step;
        }
    }

    [LoggerMessage(Message = "{Step}: {Problem} on {Subject} ({Severity}): {Why}")]
    private partial void LogStep(LogLevel level, TransitionKind step, string problem, Subject subject, Severity severity, string why);
}
