using System.Text;
using AIInfra.Core.Health.Logs;
using AIInfra.Core.Health.Logs.Scan;
using AIInfra.Vendors;

namespace AIInfra.UnitTests.Logs;

/// <summary>All rules of this build on texts of a test.</summary>
internal static class LogCheck
{
    private static readonly LogRuleIndex Index = new(VendorLogs.Decoders(), VendorLogs.Rules);

    public static LogMatcher Matcher() => new(Index, VendorLogs.Decoders(), new SlowPatterns());

    public static LogMatcher Matcher(params IReadOnlyList<LogRule> more) => new(VendorLogs.Decoders(), [.. VendorLogs.Rules, .. more], new SlowPatterns());

    public static IReadOnlyList<LogFinding> Scan(string text, bool trustUserspace = false) => Scan(Encoding.UTF8.GetBytes(text), trustUserspace);

    public static IReadOnlyList<LogFinding> Scan(byte[] bytes, bool trustUserspace = false)
    {
        var findings = new List<LogFinding>();
        new LogScanner(Matcher(), trustUserspace).Scan(new MemoryStream(bytes), findings.Add, _ => { }, TestContext.Current.CancellationToken);
        return findings;
    }

    /// <summary>The problems of a text, without what clears one: <c>nvidia.xid.79/fatal/reboot</c>.</summary>
    public static string Problems(string text, bool trustUserspace = false) => Join(Scan(text, trustUserspace));

    public static string Join(IEnumerable<LogFinding> findings) => string.Join(';', findings.Where(finding => !finding.IsClear).Select(finding =>
        $"{finding.Verdict.ProblemId}/{Word(finding.Verdict.Severity)}/{Word(finding.Verdict.Action)}"));

    public static string Word<T>(T value) where T : struct, Enum => System.Text.Json.JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());
}
