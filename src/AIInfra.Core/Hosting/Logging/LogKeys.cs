using System.Collections.Immutable;
using AIInfra.Core.Configuration;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.Hosting.Logging;

/// <summary>Section <c>log</c> of both programs.</summary>
public static class LogKeys
{
    private static readonly ConfigKey<string> Level = ConfigForm.Choice("log.level", ["debug", "info", "warning", "error"], "info",
        "The least that is logged; debug: also each round, and what the web server and the HTTP client say.");
    private static readonly ConfigKey<string> Format = ConfigForm.Choice("log.format", ["auto", "text", "json", "journal"], "auto",
        "text or json: a line a message on standard error; journal: journald's own fields; auto: journal where systemd collects standard error, else text; see logs.md.");

    public static ImmutableArray<ConfigKey> All { get; } = [Level, Format];

    public static LogOptions Options(Config config) => new(
        config.Get(Level) switch
        {
            "debug" => LogLevel.Debug,
            "warning" => LogLevel.Warning,
            "error" => LogLevel.Error,
            _ => LogLevel.Information,
        },
        Enum.Parse<LogForm>(config.Get(Format), ignoreCase: true));
}

/// <param name="Level">The least that is logged.</param>
public sealed record LogOptions(LogLevel Level, LogForm Form);

public enum LogForm { Auto, Text, Json, Journal }
