using System.Text;
using System.Text.RegularExpressions;

namespace AIInfra.Core.Health.Logs;

/// <summary>A rule with its pattern, which is built when a line first holds one of its literals. For one thread.</summary>
/// <remarks>The pattern is interpreted and may take 5 ms a line. One that takes longer, twice on the same line, is never run in that way again:
/// it is built anew without backtracking, or, where it cannot be, it is switched off.</remarks>
internal sealed class PatternRule(LogRule rule, SlowPatterns slow)
{
    internal static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(5);
    private const int LongestGroup = 64;
    internal const RegexOptions Options = RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;

    private readonly byte[][] _services = [.. rule.Services.Select(Encoding.UTF8.GetBytes)];
    private readonly SightingCount? _count = rule.Threshold is { } threshold ? new SightingCount(threshold) : null;
    private Regex? _pattern;
    private bool _isSlow;

    public LogRule Rule { get; } = rule;

    /// <param name="service">Empty: not known.</param>
    public bool MayBeWrittenBy(ReadOnlySpan<byte> service)
    {
        if (service.IsEmpty || _services.Length == 0)
            return true;
        foreach (var name in _services)
        {
            if (service.SequenceEqual(name))
                return true;
        }
        return false;
    }

    /// <summary>What the line says by this rule; null when the pattern is not in it, or was not seen often enough yet.</summary>
    /// <param name="text">At most 8 KB.</param>
    public LogFinding? Match(in LogLine line, ReadOnlySpan<char> text) =>
        Find(line, text) is { } finding && (_count is null || _count.Add(finding, line.Microseconds)) ? finding : null;

    private LogFinding? Find(in LogLine line, ReadOnlySpan<char> text)
    {
        if (Rule.Pattern is null)
            return Finding(line, null, text);
        if (_isSlow)
            return MatchSlow(line, text);
        _pattern ??= new Regex(Rule.Pattern, Options, Patience);
        for (var isSecond = false; ; isSecond = true)
        {
            try
            {
                return _pattern.IsMatch(text) ? Finding(line, _pattern.Match(text.ToString()), text) : null;
            }
            catch (RegexMatchTimeoutException) when (!isSecond)
            {
                // The thread may have been set aside for so long: once more.
            }
            catch (RegexMatchTimeoutException)
            {
                _isSlow = true;
                _pattern = null;
                slow.Report(Rule);
                return MatchSlow(line, text);
            }
        }
    }

    private LogFinding? MatchSlow(in LogLine line, ReadOnlySpan<char> text) =>
        slow.Get(Rule) is { } pattern && pattern.IsMatch(text) ? Finding(line, pattern.Match(text.ToString()), text) : null;

    private LogFinding Finding(in LogLine line, Match? match, ReadOnlySpan<char> text)
    {
        var pci = match?.Groups["pci"] is { Success: true } group ? Devices.PciAddress.Normalise(group.ValueSpan) : null;
        return new LogFinding
        {
            Verdict = new LogVerdict(
                Fill(Rule.Id, match, isId: true), Rule.Severity, Rule.Cause, Rule.Action, Rule.Clearing, Fill(Rule.Message, match, isId: false)),
            PciAddress = pci,
            IsPart = Rule.Subject == RuleSubject.Part,
            Otherwise = PartOf(match) ?? UnitOf(line) ?? (Rule.Subject == RuleSubject.Any && pci is not null ? Subject.Device(pci) : null),
            Form = match?.Groups["form"] is { Success: true } form ? form.Value : null,
            IsClear = Rule.IsClear,
            Evidence = text.ToString(),
            Number = line.Number,
        };
    }

    private Subject? UnitOf(in LogLine line) => Rule.Unit is null ? null
        : new Subject(SubjectKind.Unit, !line.Service.IsEmpty && _services.Length > 0 ? Encoding.UTF8.GetString(line.Service) : Rule.Unit);

    /// <summary>What a group names that is no PCI device.</summary>
    private static Subject? PartOf(Match? match)
    {
        if (match is null)
            return null;
        foreach (Group group in match.Groups)
        {
            if (group.Success && group.Length > 0 && LogRule.PartGroups.TryGetValue(group.Name, out var kind))
                return new Subject(kind, group.Length <= LongestGroup ? group.Value : group.Value[..LongestGroup]);
        }
        return null;
    }

    /// <summary>Puts the groups' texts into the places that name them. In an id only letters, digits, dots and dashes are left of them.</summary>
    private static string Fill(string template, Match? match, bool isId)
    {
        if (match is null || !template.Contains('{'))
            return template;
        foreach (Group group in match.Groups)
        {
            if (!group.Success || !template.Contains($"{{{group.Name}}}", StringComparison.Ordinal))
                continue;
            var text = group.Length <= LongestGroup ? group.Value : group.Value[..LongestGroup];
            template = template.Replace($"{{{group.Name}}}", isId ? string.Concat(text.Where(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-')) : text, StringComparison.Ordinal);
        }
        return template;
    }
}
