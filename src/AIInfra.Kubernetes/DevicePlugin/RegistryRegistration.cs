using Microsoft.Extensions.Logging;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>Keeps one resource registered with a kubelet that looks into its plugins_registry: the socket is there, and the kubelet comes. It
/// finds the socket again after its own restart, but never comes back to one whose stream has ended: then the socket is made anew.</summary>
/// <param name="serve">Starts a server on a new socket in the folder.</param>
internal sealed partial class RegistryRegistration(
    string resource, KubeletFolderWatch folder, Func<RegistryAnswers, CancellationToken, Task<IServedResource>> serve, KubeletViewWatch view, RegistrationState state,
    TimeProvider time, ILogger logger)
{
    /// <summary>The kubelet looks once a second.</summary>
    public static readonly TimeSpan Unnoticed = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FirstStream = TimeSpan.FromSeconds(5), ShortestGap = TimeSpan.FromSeconds(1), LongestGap = TimeSpan.FromMinutes(2), QuietSpell = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Refused = TimeSpan.FromSeconds(30), NoSocket = TimeSpan.FromSeconds(5);
    private const string ViewKind = "another view";

    private int _losses; // in a row

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await FolderAsync(cancellationToken);
                await ServeAsync(cancellationToken);
            }
        }
        finally
        {
            state.Remove();
        }
    }

    private async Task FolderAsync(CancellationToken cancellationToken)
    {
        while (folder.Refresh() is { Exists: false } missing)
        {
            var sentence = $"There is no folder {folder.Path}. It comes with the kubelet; {resource} is offered as soon as it is there. If this node has one, set kubelet.root to its folder.";
            if (state.Say("no folder", sentence))
                LogWaiting(resource, sentence);
            await folder.Current.WaitForChangeAsync(missing, cancellationToken);
        }
    }

    private async Task ServeAsync(CancellationToken cancellationToken)
    {
        try
        {
            var answers = new RegistryAnswers(resource);
            await using var served = await serve(answers, cancellationToken);
            await WatchAsync(served, answers, cancellationToken);
            return;
        }
        catch (AnotherAgentException taken)
        {
            if (state.Say("another agent", taken.Message))
                LogTrouble(resource, taken.Message);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            var sentence = $"No socket can be made in {folder.Path}: {fault.Message}. The kubelet cannot be served {resource} until it can.";
            if (state.Say("no socket", sentence))
                LogTrouble(resource, sentence);
        }
        await Task.Delay(NoSocket, time, cancellationToken);
    }

    /// <summary>Returns when the socket has to be made anew.</summary>
    private async Task WatchAsync(IServedResource served, RegistryAnswers answers, CancellationToken cancellationToken)
    {
        long? streaming = null; // since when a stream is open
        var idle = time.GetTimestamp(); // since when none is
        var asked = false;
        folder.Refresh();
        view.Restart();
        while (true)
        {
            var (seen, streams, progress, theirs) = (folder.Current.Value, served.Streams.Value, answers.Current.Value, view.Current);
            if (!seen.Names.Contains(served.Endpoint))
            {
                LogSocketGone(resource, served.Endpoint);
                return;
            }
            if (progress.Asked && !asked)
                (asked, idle) = (true, time.GetTimestamp());
            if (progress.Refusal is not null)
                GiveUp(streams, progress); // said at once; a new socket is for later
            if (streams.Open > 0)
            {
                streaming ??= Streaming();
                if (MustMakeAnew(view.Look(streams.Sent, theirs)))
                    return;
            }
            else if (streaming is { } since)
            {
                (streaming, idle) = (null, time.GetTimestamp());
                _losses = time.GetElapsedTime(since) > QuietSpell ? 0 : _losses + 1;
            }

            var left = streams.Open > 0 ? Timeout.InfiniteTimeSpan : PatienceFor(streams, progress) - time.GetElapsedTime(idle);
            if (streams.Open == 0 && left <= TimeSpan.Zero)
            {
                if (!GiveUp(streams, progress))
                    left = Timeout.InfiniteTimeSpan; // nobody has come: the socket waits
                else
                    return;
            }
            await FirstOf.WaitAsync(cancellationToken,
                token => folder.Current.WaitForChangeAsync(seen, token),
                token => served.Streams.WaitForChangeAsync(streams, token),
                token => answers.Current.WaitForChangeAsync(progress, token),
                token => view.WaitForChangeAsync(theirs, token),
                token => Task.Delay(left, time, token));
        }
    }

    /// <summary>How long there may be no stream.</summary>
    private TimeSpan PatienceFor(OpenStreams streams, RegistryProgress progress) =>
        progress.Refusal is not null ? Refused
        : streams.Opened > 0 ? TimeSpan.FromTicks(Math.Min(LongestGap.Ticks, ShortestGap.Ticks << Math.Min(_losses, 10)))
        : progress.Asked ? FirstStream
        : Unnoticed;

    /// <summary>Says why there is no stream; true when a new socket may help.</summary>
    private bool GiveUp(OpenStreams streams, RegistryProgress progress)
    {
        var (kind, sentence) = progress.Refusal is { } reason
            ? ("refused", $"The kubelet refused {resource}: {reason}. If another agent offers the same resource on this node, stop it; the kubelet's log says more.")
            : streams.Opened > 0 ? ("no stream", $"The kubelet closed the stream of {resource} and does not come back by itself: it counts the devices as Unhealthy now. The socket is made anew.")
            : progress.Asked ? ("no stream", $"The kubelet found the socket of {resource} but did not open its stream of devices within {FirstStream.TotalSeconds:0} s. The socket is made anew.")
            : ("unnoticed", $"No kubelet has looked at the socket of {resource} in {folder.Path}: it is not running, or does not watch this folder (kubelet.registration: register is for those). The socket waits.");
        if (state.Say(kind, sentence))
            LogTrouble(resource, sentence);
        return progress.Asked;
    }

    private long Streaming()
    {
        if (state.Said == ViewKind)
        {
            state.Ready();
        }
        else
        {
            state.AllIsWell();
            LogServing(resource);
        }
        return time.GetTimestamp();
    }

    private bool MustMakeAnew(ViewVerdict verdict)
    {
        if (verdict.Difference is not { Length: > 0 } difference)
        {
            if (verdict.Difference is not null && state.Said == ViewKind)
                state.AllIsWell();
            return false;
        }
        var sentence = $"The kubelet {difference}. The socket of {resource} is made anew if that lasts; if it comes back, look at the kubelet's log.";
        if (state.Say(ViewKind, sentence))
            LogTrouble(resource, sentence);
        return verdict.MustRegister;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Resource} is registered and the kubelet reads its devices")]
    private partial void LogServing(string resource);

    [LoggerMessage(Level = LogLevel.Information, Message = "Our socket {Endpoint} was removed: making another one for {Resource}")]
    private partial void LogSocketGone(string resource, string endpoint);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Resource} waits: {Reason}")]
    private partial void LogWaiting(string resource, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Resource}: {Reason}")]
    private partial void LogTrouble(string resource, string reason);
}
