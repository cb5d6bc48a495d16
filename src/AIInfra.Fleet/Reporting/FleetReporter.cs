using System.Globalization;
using AIInfra.Core.Hosting;
using AIInfra.Fleet.Granting;
using AIInfra.Fleet.Identity;
using AIInfra.Fleet.V1;
using AIInfra.Grpc;
using Microsoft.Extensions.Logging;

namespace AIInfra.Fleet.Reporting;

/// <summary>Tells the aggregator how the node is, for as long as there is one: one stream, opened again after it broke, from where the aggregator stands.</summary>
public sealed partial class FleetReporter : IWorker
{
    /// <summary>Name of the part in /readyz.</summary>
    public const string Part = "fleet";

    /// <summary>Boards that wake nobody (the journal, the parts) are looked at so often.</summary>
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(2), Stable = TimeSpan.FromMinutes(2), RenewalBeat = TimeSpan.FromMinutes(10);

    private readonly FleetOptions _options;
    private readonly NodeReader _reader;
    private readonly FleetGrants _grants;
    private readonly WorkerBoard _parts;
    private readonly TimeProvider _time;
    private readonly ILogger<FleetReporter> _logger;
    private readonly NodeCredentials _credentials;
    private readonly SentStates _sent = new();
    private readonly string _incarnation = Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture);
    private volatile FleetState? _newest;
    private volatile FleetStream? _stream;
    private string? _said;

    public FleetReporter(FleetOptions options, NodeSources sources, FleetGrants grants, WorkerBoard parts, TimeProvider time, ILogger<FleetReporter> logger)
    {
        (_options, _grants, _parts, _time, _logger) = (options, grants, parts, time, logger);
        _reader = new NodeReader(sources, options);
        _credentials = new NodeCredentials(options, time);
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        _parts.NotReady(Part, $"The aggregator {_options.Aggregator.Authority} has not answered yet.");
        Take();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var follow = FollowAsync(ended.Token);
        var connect = ConnectAsync(ended.Token);
        try
        {
            await await Task.WhenAny(follow, connect); // either ends only by a fault that it does not know, or by the token
        }
        finally
        {
            await ended.CancelAsync();
            await Task.WhenAll(follow, connect).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    /// <summary>Keeps the newest state in step with the boards, connected or not.</summary>
    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _reader.WaitAsync(Beat, _time, cancellationToken);
            var before = _newest;
            Take();
            if (!ReferenceEquals(before, _newest))
                _stream?.Look();
        }
    }

    private void Take()
    {
        _reader.Mark();
        var fresh = _reader.Read();
        _newest = _newest?.Next(fresh) ?? FleetState.First(fresh);
    }

    private async Task ConnectAsync(CancellationToken cancellationToken)
    {
        for (var failures = 0; ;)
        {
            var started = _time.GetTimestamp();
            TimeSpan? asked = null;
            try
            {
                var access = await _credentials.OpenAsync(cancellationToken);
                using var channel = GrpcChannel.ForAddress(_options.Aggregator, access.ChannelOptions(_time));
                asked = await StreamAsync(channel, access, cancellationToken);
            }
            catch (GrpcException fault)
            {
                Say(fault);
                if (fault.Status == GrpcStatus.Unauthenticated && _credentials.Discard())
                    LogDiscarded();
            }
            catch (CredentialsException fault)
            {
                Say($"Nothing is told to the aggregator {_options.Aggregator.Authority}: {fault.Message}");
            }
            failures = _time.GetElapsedTime(started) > Stable ? 1 : failures + 1;
            await Task.Delay(asked is { } least ? least + Wait(1) : Wait(failures), _time, cancellationToken);
        }
    }

    private async Task<TimeSpan?> StreamAsync(GrpcChannel channel, NodeAccess access, CancellationToken cancellationToken)
    {
        var hello = new Hello
        {
            Node = _options.Node,
            Protocol = FleetApi.Protocol,
            LeastProtocol = FleetApi.LeastProtocol,
            AgentVersion = _options.Version,
            Incarnation = _incarnation,
            Sequence = _newest!.Sequence,
            BootId = _reader.BootId,
            MachineId = _reader.MachineId,
            UnixMilliseconds = _time.GetUtcNow().ToUnixTimeMilliseconds(),
        };
        var stream = new FleetStream(_options, hello, _sent, () => _newest!, _grants, _time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var renewing = RenewAsync(channel, ended.Token);
        try
        {
            _stream = stream;
            await stream.RunAsync(channel, access.CallOptions, Opened, cancellationToken);
            if (stream.AskedToLeave is null)
                throw new GrpcException(GrpcStatus.Unavailable, "The aggregator ended the stream.");
            return stream.AskedToLeave;
        }
        finally
        {
            _stream = null;
            _grants.Closed(stream);
            await ended.CancelAsync();
            await renewing.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private async Task RenewAsync(GrpcChannel channel, CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(RenewalBeat, _time, cancellationToken);
            try
            {
                await _credentials.RenewAsync(channel, cancellationToken);
            }
            catch (Exception fault) when (fault is GrpcException or CredentialsException)
            {
                LogNotRenewed(fault.Message);
            }
        }
    }

    private void Opened(Welcome welcome)
    {
        _parts.Ready(Part);
        _said = null;
        LogOpened(_options.Aggregator, welcome.AggregatorVersion);
    }

    private void Say(GrpcException fault) => Say(
        $"The aggregator {_options.Aggregator.Authority} {(fault.Status is GrpcStatus.Unavailable or GrpcStatus.DeadlineExceeded or GrpcStatus.Cancelled ? "cannot be reached" : "refused")}: {fault.Detail.TrimEnd('.')}. Disruptive steps are denied meanwhile; it is tried again.");

    /// <summary>The same fault is logged once.</summary>
    private void Say(string sentence)
    {
        _parts.NotReady(Part, sentence);
        if (sentence != _said)
            LogTrouble(sentence);
        _said = sentence;
    }

    /// <summary>Full jitter: ten thousand agents whose aggregator was started anew do not come at once.</summary>
    private TimeSpan Wait(int failures)
    {
        var ceiling = Math.Min(_options.LongestWait.TotalSeconds, Math.Pow(2, Math.Min(failures, 20)));
        return TimeSpan.FromSeconds(Math.Max(0.05, ceiling * _options.Random()));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Connected to the aggregator {Address} ({Version})")]
    private partial void LogOpened(Uri address, string version);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Why}")]
    private partial void LogTrouble(string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The aggregator does not take this node's certificate any more; it joins anew")]
    private partial void LogDiscarded();

    [LoggerMessage(Level = LogLevel.Warning, Message = "The certificate was not renewed: {Why} It is tried again.")]
    private partial void LogNotRenewed(string why);
}
