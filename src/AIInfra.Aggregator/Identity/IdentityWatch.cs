using AIInfra.Core.Hosting;
using Microsoft.Extensions.Logging;

namespace AIInfra.Aggregator.Identity;

/// <param name="Folder">state.path</param>
internal sealed record IdentityWatchOptions(string Folder);

/// <summary>Sees that the authority was rotated, and says when the files of tokens and revocations cannot be read.</summary>
internal sealed partial class IdentityWatch(
    IdentityWatchOptions options, AuthorityHolder authority, Tokens tokens, Revocations revocations, WorkerBoard parts, TimeProvider time, ILogger<IdentityWatch> logger) : IWorker
{
    public const string Part = "identity";

    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(5);

    private DateTime _seen;
    private string? _said;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Beat, time);
        do
            Look();
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    /// <summary>Looks once.</summary>
    internal void Look()
    {
        (_, _) = (tokens.All, revocations.All);
        var fault = tokens.Fault ?? revocations.Fault;
        var written = File.GetLastWriteTimeUtc(Path.Combine(options.Folder, "authority", "current.pem"));
        if (written != _seen)
        {
            try
            {
                var now = Authority.Open(options.Folder, time);
                if (now.Fingerprint != authority.Current.Fingerprint)
                {
                    authority.Replace(now);
                    LogRotated(now.Fingerprint);
                }
                _seen = written;
            }
            catch (IOException broken)
            {
                fault ??= broken.Message;
            }
        }
        if (fault is null)
            parts.Ready(Part);
        else
            parts.NotReady(Part, fault);
        if (fault is not null && fault != _said)
            LogFault(fault);
        _said = fault;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The authority was rotated; it is {Fingerprint} now, and the one before stays good for what it has signed")]
    private partial void LogRotated(string fingerprint);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Why} What was read before counts on.")]
    private partial void LogFault(string why);
}
