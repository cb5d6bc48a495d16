using AIInfra.Core.Hosting;
using AIInfra.Kubernetes.Api;
using Microsoft.Extensions.Logging;

namespace AIInfra.Kubernetes.Reporting;

/// <summary>How one of the reporting loops fares: each kind of trouble is said once in the log, and stays visible in /readyz and status until it is over.</summary>
/// <param name="name">As users see it: <c>kubernetes events</c>.</param>
internal sealed partial class ReportingPart(string name, WorkerBoard board, ILogger logger)
{
    private readonly HashSet<string> _said = new(StringComparer.Ordinal);

    public void Good()
    {
        board.Ready(name);
        if (_said.Count > 0)
            LogGood(name);
        _said.Clear();
    }

    public void Bad(ApiException fault) => Bad($"{fault.Fault}", fault.Message);

    /// <param name="kind">What is said once until all is well again, also where kinds take turns: a call that times out and one that is refused.</param>
    public void Bad(string kind, string message)
    {
        board.NotReady(name, message);
        if (_said.Add(kind))
            LogBad(name, message);
    }

    /// <summary>It has nothing to do.</summary>
    public void Off() => board.Remove(name);

    [LoggerMessage(EventName = "ReportingPart.Good", Level = LogLevel.Information, Message = "{Part}: works again")]
    private partial void LogGood(string part);

    [LoggerMessage(EventName = "ReportingPart.Bad", Level = LogLevel.Warning, Message = "{Part}: {Why}")]
    private partial void LogBad(string part, string why);
}
