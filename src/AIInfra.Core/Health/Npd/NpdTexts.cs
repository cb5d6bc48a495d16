using AIInfra.Core.Health.Npd.Configuration;

namespace AIInfra.Core.Health.Npd;

/// <summary>What can be said of a problem that a file of node-problem-detector defines: the file says no more than its rule.</summary>
public static class NpdTexts
{
    /// <returns>Null where no loaded file has such a rule.</returns>
    public static ProblemText? Explain(this NpdConfiguration configuration, string problemId)
    {
        var found = configuration.Monitors.SelectMany(monitor => monitor.Rules.Select(rule => (Monitor: monitor, Rule: rule)))
            .Where(pair => pair.Rule.ProblemId == problemId).ToList();
        if (found.Count == 0)
            return null;
        var (monitor, rule) = found[0];
        var (english, chinese) = rule switch
        {
            NpdLogRule log => ($"a line of {Where((NpdLogMonitor)monitor)} matches \"{log.Pattern.Text}\"", $"{Where((NpdLogMonitor)monitor)} 中有一行匹配 \"{log.Pattern.Text}\""),
            NpdPluginRule plugin => ($"{plugin.Program} ends with status 1", $"{plugin.Program} 的退出码为 1"),
            _ => ("", ""),
        };
        var places = string.Join(", ", found.Select(pair => pair.Rule.Mark.ToString()).Distinct());
        return new ProblemText(
            problemId, rule.Condition is null ? Severity.Info : Severity.Degraded, Cause.Host, SuggestedAction.Observe, NpdClearing.Of(monitor, rule),
            new($"A rule of node-problem-detector's files ({places}): {english}. {Sets(rule.Condition, rule.Reason, false)}",
                $"node-problem-detector 配置文件中的规则（{places}）：{chinese}。{Sets(rule.Condition, rule.Reason, true)}"),
            new("The file gives no advice; look at the evidence of the problem.", "文件没有给出建议；请查看该问题的证据。"));
    }

    private static string Where(NpdLogMonitor monitor) => monitor.Kind switch
    {
        NpdLogKind.Kmsg => "the kernel log",
        NpdLogKind.Journald => $"the journal ({monitor.Identifier})",
        _ => monitor.LogPath,
    };

    private static string Sets(string? condition, string reason, bool isChinese) => (condition, isChinese) switch
    {
        (null, false) => $"It makes an event with the reason {reason}.",
        (null, true) => $"产生 reason 为 {reason} 的事件。",
        (_, false) => $"It makes the condition {condition} True with the reason {reason}.",
        (_, true) => $"使状况 {condition} 变为 True，reason 为 {reason}。",
    };
}
