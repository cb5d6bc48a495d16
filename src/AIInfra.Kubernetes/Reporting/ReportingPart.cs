using AIInfra.Core.Hosting;
using AIInfra.Kubernetes.Api;
using Microsoft.Extensions.Logging;

namespace AIInfra.Kubernetes.Reporting;

/// <summary>How one of the reporting loops fares: each kind of trouble is said once in the log, and stays visible in /readyz and status until it is over.</summary>
/// <param name="name">As users see it: <c>kubernetes events</c>.</param>
internal sealed partial class ReportingPart(string name, WorkerBoard board, ILogger logger)
{
    private string? _said;

    public void Good()
    {
        board.Ready(name);
        if (_said is not null)
            LogGood(name);
        _said = null;
    }

    public void Bad(ApiException fault) => Bad($"{fault.Fault}", fault.Message);

    /// <param name="kind">What is said once.</param>
    public void Bad(string kind, string message)
    {
        board.NotReady(name, message);
        if (_said != kind)
            LogBad(name, message);
        _said = kind;
    }

    /// <summary>It has nothing to do.</summary>
    public void Off() => board.Remove(name);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Part}: works again")]
    private partial void LogGood(string part);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Part}: {Why}")]
    private partial void LogBad(string part, string why);
}
