using System.Collections.Immutable;
using System.Net.Security;
using AIInfra.Core.Configuration;
using AIInfra.Core.Hosting;
using AIInfra.Linux.Files;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.Web;

/// <summary>The web config in effect. It and the files that it names are looked at once a second while there are requests; what is new counts from the next
/// handshake and request on. What cannot be used is not: the one before stays, and /readyz, metric and log say so.</summary>
public sealed partial class WebConfigFile
{
    /// <summary>Name of the part in /readyz.</summary>
    public const string Part = "metrics web config";

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private readonly string _path;
    private readonly WorkerBoard _parts;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private State _state;
    private ImmutableArray<(string File, FileIdentity? Identity, DateTime Written)> _seen;
    private long _looked;
    private string? _said;

    /// <summary>One version of it.</summary>
    internal sealed record State(WebConfig Config, WebCertificates? Certificates)
    {
        /// <summary>Shared by all requests that this version answers.</summary>
        public WebRate? Rate { get; init; }
    }

    private WebConfigFile(string path, State state, WorkerBoard parts, TimeProvider time, ILogger logger)
    {
        (_path, _state, _parts, _time, _logger) = (path, state, parts, time, logger);
        (_seen, _looked) = (LookNow(state.Config), time.GetTimestamp());
    }

    /// <summary>True for HTTPS. Both stay as they were at the start: a listener does not change its protocol.</summary>
    public bool UsesTls => _state.Certificates is not null;
    public bool UsesHttp2 => UsesTls && _state.Config.UsesHttp2;

    /// <summary>Everything that is wrong with the file and the certificates that it names, and what is worth knowing.</summary>
    public static (ImmutableArray<ConfigError> Errors, ImmutableArray<ConfigError> Notes) Check(string path)
    {
        var (state, errors) = Read(path, null);
        return (errors, state?.Config.Notes ?? []);
    }

    /// <exception cref="IOException">It cannot be used: it was good when the daemon started and is not any more.</exception>
    public static WebConfigFile Open(string path, WorkerBoard parts, TimeProvider time, ILogger logger)
    {
        var (state, errors) = Read(path, time);
        return state is null
            ? throw new IOException($"The web config cannot be used: {string.Join(" ", errors)} Metrics are not served without the protection that it asks for.")
            : new WebConfigFile(path, state, parts, time, logger);
    }

    /// <summary>For one handshake; only with <see cref="UsesTls"/>.</summary>
    public SslServerAuthenticationOptions TlsOptions() => Current().Certificates!.Options;

    internal State Current()
    {
        lock (_gate)
        {
            if (_time.GetElapsedTime(_looked) < Look)
                return _state;
            _looked = _time.GetTimestamp();
            var seen = LookNow(_state.Config);
            if (!seen.SequenceEqual(_seen) || _said is not null)
            {
                _seen = seen;
                Reload_NeedsLock();
            }
            return _state;
        }
    }

    private void Reload_NeedsLock()
    {
        var (state, errors) = Read(_path, _time);
        if (state is not null && (state.Certificates is not null) != UsesTls)
            (state, errors) = (null, [new ConfigError(new ConfigMark(_path, 0, 0), $"TLS was turned {(UsesTls ? "off" : "on")}: that counts from the next start of the agent on.")]);
        if (state is null)
        {
            var why = string.Join(" ", errors.Take(5));
            _parts.NotReady(Part, $"The web config in effect is an older one, because the newer one cannot be used: {why}");
            if (_said != why)
                LogBad(why);
            _said = why;
            return;
        }
        (_state, _seen, _said) = (state, LookNow(state.Config), null);
        _parts.Ready(Part);
        LogReloaded(_path);
    }

    private ImmutableArray<(string File, FileIdentity? Identity, DateTime Written)> LookNow(WebConfig config) =>
        [WebCertificates.Look(_path), .. config.Tls is { } tls ? WebCertificates.FilesOf(tls) : []];

    private static (State? State, ImmutableArray<ConfigError> Errors) Read(string path, TimeProvider? time)
    {
        var (config, errors) = WebConfigReader.ReadFile(path);
        if (config is null)
            return (null, errors);
        var rate = config.RateLimit is { } limit && time is not null ? new WebRate(limit, time) : null;
        if (config.Tls is not { } tls)
            return (new State(config, null) { Rate = rate }, []);
        var (certificates, error) = WebCertificates.Load(tls, config.UsesHttp2);
        return certificates is null ? (null, [error!]) : (new State(config, certificates) { Rate = rate }, []);
    }

    [LoggerMessage(EventName = "WebConfigFile.Bad", Level = LogLevel.Warning, Message = "The web config changed and cannot be used; the one before stays in effect. {Why}")]
    private partial void LogBad(string why);

    [LoggerMessage(EventName = "WebConfigFile.Reloaded", Level = LogLevel.Information, Message = "The web config {Path} was read anew")]
    private partial void LogReloaded(string path);
}

/// <summary>A bucket that fills with one token an interval.</summary>
internal sealed class WebRate(WebRateLimit limit, TimeProvider time)
{
    private readonly Lock _gate = new();
    private double _tokens = limit.Burst;
    private long _filled = time.GetTimestamp();

    public bool TryTake()
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            _tokens = Math.Min(limit.Burst, _tokens + (time.GetElapsedTime(_filled, now) / limit.Interval));
            _filled = now;
            if (_tokens < 1)
                return false;
            _tokens--;
            return true;
        }
    }
}
