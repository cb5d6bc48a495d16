using System.Collections.Immutable;
using AIInfra.Linux.Journal;

namespace AIInfra.Core.Health.Logs;

/// <summary>What of the journal the rules of packs are tried on.</summary>
public sealed record JournalRuleOptions(Func<IReadOnlyList<ILogRules>> Decoders, ImmutableArray<LogRule> Rules)
{
    /// <summary>Names under which services log that rules without names of their own are about.</summary>
    public ImmutableArray<string> Services { get; init; } = [];
    /// <summary>Some rule may be about any service: every entry is read.</summary>
    public bool ReadsAll { get; init; }
    /// <summary>The kernel's own lines too: only where nobody reads the kernel log itself, so that no line is told twice.</summary>
    public bool TakesKernel { get; init; }

    /// <summary>The names whose entries are looked at; null: all.</summary>
    public IEnumerable<string>? Identifiers => ReadsAll ? null
        : Rules.Where(rule => rule.Origin == LogOrigin.Service).SelectMany(rule => rule.Services).Concat(Services).Concat(TakesKernel ? ["kernel"] : []).Distinct();
}

/// <summary>The rules of packs on the entries of one journal, from a moment on. For one thread.</summary>
/// <remarks>An entry of a person's own process is not believed: anybody may log under the name of a service.</remarks>
internal sealed class JournalRules
{
    /// <summary>See <see cref="ProblemReport.Witness"/>.</summary>
    public const string Witness = "journal";

    private const int FirstPerson = 1000; // SYS_UID_MAX of login.defs(5) is 999

    private readonly JournalRuleOptions _options;
    private readonly LogMatcher _matcher;
    private readonly LogReporter _reporter;
    private readonly DateTimeOffset _from;
    private readonly DateTimeOffset _kernelFrom;
    private readonly List<LogFinding> _findings = [];

    /// <param name="from">What services wrote before is history and not told.</param>
    /// <param name="kernelFrom">The same of the kernel.</param>
    public JournalRules(JournalRuleOptions options, KernelLogBoards boards, LogReporter reporter, DateTimeOffset from, DateTimeOffset kernelFrom)
    {
        (_options, _reporter, _from, _kernelFrom) = (options, reporter, from, kernelFrom);
        ImmutableArray<LogRule> rules = options.TakesKernel ? options.Rules : [.. options.Rules.Where(rule => rule.Origin == LogOrigin.Service)]; // the fewer, the less memory
        _matcher = new LogMatcher(options.Decoders(), rules, boards.Counters.Slow);
    }

    public void Read(in JournalEntry entry, DateTimeOffset at)
    {
        var isCounted = entry.IsKernels ? _options.TakesKernel && at >= _kernelFrom : at >= _from && entry.User is null or < FirstPerson;
        if (isCounted)
        {
            var origin = entry.IsKernels ? LogOrigin.Kernel : LogOrigin.Service;
            _matcher.Match(new LogLine(entry.Message, origin, entry.Microseconds) { Microseconds = entry.Microseconds, Service = entry.IsKernels ? default : entry.Identifier }, _findings);
            foreach (var finding in _findings)
                _reporter.Report(finding, at);
            _findings.Clear();
        }
        _reporter.Done(entry.Microseconds);
    }

    /// <summary>Nothing is new: what waits for its device is looked at again.</summary>
    public void Rest() => _reporter.RetryWaiting();
}
