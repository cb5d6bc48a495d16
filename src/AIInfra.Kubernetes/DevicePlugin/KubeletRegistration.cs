using AIInfra.Grpc;
using AIInfra.Linux.Files;
using Microsoft.Extensions.Logging;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>Keeps one resource registered: serves it, registers it, and begins anew on another socket whenever the kubelet was restarted,
/// our socket was removed, no stream is open, or the kubelet counts other devices than it was told of. The old server is down before the new one registers: a kubelet that sees an old stream
/// end disconnects whoever holds the resource's name then.</summary>
/// <param name="jitter">0 to 1; spreads the back-off.</param>
internal sealed partial class KubeletRegistration(
    string resource, KubeletFolderWatch folder, IKubeletLink link, KubeletViewWatch view, RegistrationState state, TimeProvider time, Func<double> jitter, ILogger logger)
{
    public static readonly TimeSpan FirstStream = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan StreamGap = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(100), LongestWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan QuietSpell = TimeSpan.FromSeconds(10);
    private const string NoStreamKind = "no stream", ViewKind = "another view";
    private const int QuietTries = 4; // a kubelet that starts binds before it listens, and may delete our new socket: not worth a line in the log

    private enum Ending { KubeletRestarted, Failed, Lost, Taken }

    private int _failures;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var kubelet = await KubeletAsync(cancellationToken);
                switch (await ServeAsync(kubelet, cancellationToken))
                {
                    case Ending.KubeletRestarted:
                        _failures = 0;
                        break;
                    case Ending.Taken:
                        await Task.Delay(AnotherAgentException.Wait, time, cancellationToken);
                        break;
                    default:
                        await BackOffAsync(kubelet, cancellationToken);
                        break;
                }
            }
        }
        finally
        {
            state.Remove();
        }
    }

    /// <summary>Waits until there is a kubelet.sock.</summary>
    private async Task<FileIdentity> KubeletAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var seen = folder.Refresh();
            if (seen.Kubelet is { } kubelet)
                return kubelet;
            var sentence = seen.Exists
                ? $"There is no kubelet.sock in {folder.Path}: the kubelet is not running. {resource} is registered as soon as it is."
                : $"There is no folder {folder.Path}. It comes with the kubelet; if this node has one, set kubelet.root to its folder, or kubelet.devicePlugins to false if not.";
            if (state.Say(seen.Exists ? "no kubelet" : "no folder", sentence))
                LogWaiting(resource, sentence);
            await folder.Current.WaitForChangeAsync(seen, cancellationToken);
        }
    }

    /// <summary>One server, from its start to its end.</summary>
    private async Task<Ending> ServeAsync(FileIdentity kubelet, CancellationToken cancellationToken)
    {
        try
        {
            await using var served = await link.ServeAsync(cancellationToken);
            await link.RegisterAsync(served.Endpoint, cancellationToken);
            return await WatchAsync(served, kubelet, cancellationToken);
        }
        catch (GrpcException refusal)
        {
            Refused(refusal);
        }
        catch (AnotherAgentException taken)
        {
            if (state.Say("another agent", taken.Message))
                LogTaken(resource, taken.Message);
            return Ending.Taken;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            var isNew = state.Say("no socket", $"No socket can be made in {folder.Path}: {fault.Message}. The kubelet cannot be served {resource} until it can.");
            if (_failures == QuietTries || (isNew && _failures > QuietTries))
                LogNoSocket(resource, folder.Path, fault.Message);
        }
        // A kubelet that came up meanwhile is a new chance, not a failure.
        return folder.Refresh().Kubelet is { } now && now != kubelet ? Ending.KubeletRestarted : Ending.Failed;
    }

    /// <summary>Registered: returns when it has to be done again.</summary>
    private async Task<Ending> WatchAsync(IServedResource served, FileIdentity kubelet, CancellationToken cancellationToken)
    {
        long? streaming = null; // since when a stream is open
        long idle = time.GetTimestamp(); // since when none is
        folder.Refresh(); // from here on a snapshot without our socket means that it is gone
        view.Restart();
        while (true)
        {
            var (seen, streams, theirs) = (folder.Current.Value, served.Streams.Value, view.Current);
            if (seen.Kubelet is { } now && now != kubelet)
            {
                LogRestarted(resource);
                return Ending.KubeletRestarted;
            }
            if (streams.Open > 0)
            {
                streaming ??= Streaming();
                if (MustRegister(view.Look(streams.Sent, theirs)))
                    return Ending.Lost;
            }
            else if (streaming is { } since)
            {
                (streaming, idle) = (null, time.GetTimestamp());
                _failures = time.GetElapsedTime(since) > QuietSpell ? 0 : _failures;
            }

            var patience = streams.Opened > 0 ? StreamGap : FirstStream;
            var left = streams.Open > 0 ? Timeout.InfiniteTimeSpan : patience - time.GetElapsedTime(idle);
            if (streams.Open == 0 && left <= TimeSpan.Zero)
                return NoStream(streams);
            if (seen.Kubelet is not null && !seen.Names.Contains(served.Endpoint))
            {
                _failures = streaming is { } start && time.GetElapsedTime(start) > QuietSpell ? 0 : _failures;
                LogSocketGone(resource, served.Endpoint);
                return Ending.Lost;
            }
            await FirstOf.WaitAsync(cancellationToken,
                token => folder.Current.WaitForChangeAsync(seen, token),
                token => served.Streams.WaitForChangeAsync(streams, token),
                token => view.WaitForChangeAsync(theirs, token),
                token => Task.Delay(left, time, token));
        }
    }

    private long Streaming()
    {
        if ((state.Said == NoStreamKind && _failures >= 3) || state.Said == ViewKind) // a kubelet that closes stream after stream is said once
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

    /// <summary>Says what the kubelet counts otherwise; true when that is to be mended by a new registration.</summary>
    private bool MustRegister(ViewVerdict verdict)
    {
        if (verdict.Difference is null)
            return false;
        if (verdict.Difference.Length == 0)
        {
            if (state.Said == ViewKind)
            {
                state.AllIsWell();
                LogAgrees(resource);
            }
            return false;
        }
        var sentence = $"The kubelet {verdict.Difference}. {resource} is registered again if that lasts; if it comes back, look at the kubelet's log and for another agent that offers {resource}.";
        if (state.Say(ViewKind, sentence))
            LogDiffers(sentence);
        if (verdict.MustRegister)
            LogRepairs(resource);
        return verdict.MustRegister;
    }

    private Ending NoStream(OpenStreams streams)
    {
        var sentence = streams.Opened == 0
            ? $"The kubelet took the registration of {resource} but did not open its stream of devices within {FirstStream.TotalSeconds:0} s; registering again."
            : $"The kubelet closed the stream of {resource}: it counts the devices as Unhealthy now; registering again.";
        if (state.Say(NoStreamKind, sentence))
            LogNoStream(resource, sentence);
        return Ending.Lost;
    }

    private void Refused(GrpcException refusal)
    {
        var isAbsent = refusal.Status == GrpcStatus.Unavailable;
        if (isAbsent && _failures < QuietTries)
        {
            state.Whisper($"Nobody answers on {folder.Path}/{DevicePluginApi.KubeletSocket}: the kubelet is starting, or was killed.");
            return;
        }
        var sentence = isAbsent
            ? $"Nobody answers on {folder.Path}/{DevicePluginApi.KubeletSocket} ({refusal.Detail}). Look at the kubelet (systemctl status kubelet); {resource} is registered when it runs."
            : refusal.Status == GrpcStatus.DeadlineExceeded
                ? $"The kubelet did not answer the registration of {resource} in time. It is overloaded or hangs: look at its log (journalctl -u kubelet)."
                : $"The kubelet refused {resource}: {refusal.Detail} ({refusal.Status}). If another agent offers the same resource on this node, stop it; the kubelet's log says more.";
        if (state.Say($"refused {refusal.Status}", sentence))
            LogRefused(sentence);
    }

    /// <summary>100 ms, doubled up to 30 s, a fifth more or less; ends early when the kubelet is restarted.</summary>
    private async Task BackOffAsync(FileIdentity kubelet, CancellationToken cancellationToken)
    {
        var wait = Math.Min(LongestWait.TotalMilliseconds, ShortestWait.TotalMilliseconds * Math.Pow(2, Math.Min(_failures++, 10)));
        var until = Task.Delay(TimeSpan.FromMilliseconds(wait * (0.8 + 0.4 * jitter())), time, cancellationToken);
        while (!until.IsCompleted)
        {
            var seen = folder.Current.Value;
            if (seen.Kubelet is { } now && now != kubelet)
            {
                _failures = 0;
                return;
            }
            await FirstOf.WaitAsync(cancellationToken, token => folder.Current.WaitForChangeAsync(seen, token), token => until.WaitAsync(token));
        }
        await until;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Resource} is registered and the kubelet reads its devices")]
    private partial void LogServing(string resource);

    [LoggerMessage(Level = LogLevel.Information, Message = "The kubelet was restarted: registering {Resource} anew")]
    private partial void LogRestarted(string resource);

    [LoggerMessage(Level = LogLevel.Information, Message = "Our socket {Endpoint} was removed: registering {Resource} on another one")]
    private partial void LogSocketGone(string resource, string endpoint);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Resource} waits: {Reason}")]
    private partial void LogWaiting(string resource, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Resource}: {Reason}")]
    private partial void LogNoStream(string resource, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Reason} Trying again, at first after 100 ms, at last every 30 s")]
    private partial void LogRefused(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Resource} is not offered: {Reason}")]
    private partial void LogTaken(string resource, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Reason}")]
    private partial void LogDiffers(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Resource}: the kubelet still counts other devices than it was told of: registering on another socket")]
    private partial void LogRepairs(string resource);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Resource}: the kubelet counts the devices that it was told of")]
    private partial void LogAgrees(string resource);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Resource}: no socket can be made in {Folder}: {Reason}")]
    private partial void LogNoSocket(string resource, string folder, string reason);
}
