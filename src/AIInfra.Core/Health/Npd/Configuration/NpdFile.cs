using System.Collections.Immutable;
using System.Text.RegularExpressions;
using AIInfra.Core.Configuration;
using AIInfra.Core.Health.Npd.Patterns;

namespace AIInfra.Core.Health.Npd.Configuration;

/// <summary>The healthy state of a condition, as a file declares it.</summary>
public sealed record NpdDeclared(string Type, string Reason, string Message);

/// <summary>What every monitor that finds problems has.</summary>
public abstract record NpdMonitor
{
    public required string Path { get; init; }
    /// <summary>Component of its events.</summary>
    public required string Source { get; init; }
    public required bool ReportsMetrics { get; init; }
    public required ImmutableArray<NpdDeclared> Conditions { get; init; }
    /// <summary>In the order of the file.</summary>
    public abstract IEnumerable<NpdRule> Rules { get; }
    /// <summary>Its name in messages: the file's.</summary>
    public string Name => System.IO.Path.GetFileName(Path);

    /// <summary>What it declares for a type; null for one that it does not.</summary>
    public NpdDeclared? Find(string type) => Conditions.FirstOrDefault(condition => condition.Type == type);
}

/// <param name="Condition">Null: temporary, an event and no more.</param>
/// <param name="Mark">Where it stands.</param>
public abstract record NpdRule(string? Condition, string Reason, ConfigMark Mark)
{
    /// <summary>Id of the problem on the health board: <c>npd.OOMKilling</c>, <c>npd.KernelDeadlock.DockerHung</c>.</summary>
    public string ProblemId => $"npd.{(Condition is null ? "" : Clean(Condition) + ".")}{Clean(Reason)}";

    private static string Clean(string name) => string.Concat(name.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' ? letter : '-'));
}

public enum NpdLogKind { Kmsg, Journald, FileLog }

/// <summary>A system-log-monitor.</summary>
public sealed record NpdLogMonitor : NpdMonitor
{
    public required NpdLogKind Kind { get; init; }
    /// <summary>The journal's folder or the log's file; empty: the default journal.</summary>
    public required string LogPath { get; init; }
    public required TimeSpan Lookback { get; init; }
    /// <summary>After the boot.</summary>
    public required TimeSpan Delay { get; init; }
    /// <summary>Lines that a pattern may span.</summary>
    public required int BufferSize { get; init; }
    public required ImmutableArray<NpdLogRule> LogRules { get; init; }
    /// <summary>Of a journal: the exact SYSLOG_IDENTIFIER.</summary>
    public string Identifier { get; init; } = "";
    /// <summary>Of a file: how its lines are read.</summary>
    public NpdFileFormat? Format { get; init; }
    public override IEnumerable<NpdRule> Rules => LogRules;
}

/// <param name="Timestamp">Its last group, or all of it, is the time.</param>
/// <param name="Message">Its last group, or all of it, is the text.</param>
/// <param name="Layout">Of the time, as Go writes layouts.</param>
/// <param name="Skip">A line that holds one of these is dropped.</param>
public sealed record NpdFileFormat(Regex Timestamp, Regex Message, string Layout, ImmutableArray<string> Skip);

public sealed record NpdLogRule(string? Condition, string Reason, ConfigMark Mark, Re2Pattern Pattern, string Suffix) : NpdRule(Condition, Reason, Mark);

/// <summary>A custom-plugin-monitor.</summary>
public sealed record NpdPluginMonitor : NpdMonitor
{
    public required TimeSpan Interval { get; init; }
    public required int MostOutput { get; init; }
    public required int Concurrency { get; init; }
    public required bool UpdatesOnMessage { get; init; }
    public required bool SkipsInitialStatus { get; init; }
    public required ImmutableArray<NpdPluginRule> PluginRules { get; init; }
    public override IEnumerable<NpdRule> Rules => PluginRules;
}

/// <param name="Program">As it was found; the two helpers of node-problem-detector need not be there.</param>
public sealed record NpdPluginRule(string? Condition, string Reason, ConfigMark Mark, string Program, ImmutableArray<string> Arguments, TimeSpan Timeout, TimeSpan Interval)
    : NpdRule(Condition, Reason, Mark)
{
    private string FileName => System.IO.Path.GetFileName(Program);

    /// <summary>Done by the agent itself, see <c>HealthChecker</c>.</summary>
    public bool IsHealthChecker => FileName == "health-checker";

    /// <summary>Done by the agent itself, see <c>LogCounter</c>.</summary>
    public bool IsLogCounter => FileName == "log-counter";
}

/// <summary>A system-stats-monitor.</summary>
public sealed record NpdStatsMonitor
{
    public required string Path { get; init; }
    /// <summary>Its name in messages: the file's.</summary>
    public string Name => System.IO.Path.GetFileName(Path);
    public required TimeSpan Interval { get; init; }
    /// <summary>The name under which a metric is shown, by its id: <c>cpu/load_1m</c>.</summary>
    public required ImmutableSortedDictionary<string, string> Names { get; init; }
    public required bool WithRootDisk { get; init; }
    public required bool WithAllDisks { get; init; }
    /// <summary>Interfaces that are left out; null: none.</summary>
    public required Regex? WithoutInterfaces { get; init; }
    /// <summary>Modules that count as known.</summary>
    public required ImmutableHashSet<string> KnownModules { get; init; }
}

/// <summary>All that was loaded, and all that was not.</summary>
public sealed record NpdConfiguration
{
    public static NpdConfiguration Empty { get; } = new();

    public ImmutableArray<NpdLogMonitor> Logs { get; init; } = [];
    public ImmutableArray<NpdPluginMonitor> Plugins { get; init; } = [];
    public ImmutableArray<NpdStatsMonitor> Stats { get; init; } = [];
    /// <summary>Each is of a file that was left out for it.</summary>
    public ImmutableArray<ConfigError> Errors { get; init; } = [];
    /// <summary>What was skipped or ignored on purpose.</summary>
    public ImmutableArray<ConfigError> Notes { get; init; } = [];

    public IEnumerable<NpdMonitor> Monitors => [.. Logs, .. Plugins];
    public bool IsEmpty => Logs.IsEmpty && Plugins.IsEmpty && Stats.IsEmpty && Errors.IsEmpty;
}
