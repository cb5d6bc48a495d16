using AIInfra.Core.Health;
using AIInfra.Core.Health.Npd.Configuration;
using AIInfra.Kubernetes.Reporting;

namespace AIInfra.Agent.Commands;

/// <summary>What <c>explain</c> says of a node condition.</summary>
/// <param name="Feeds">The problems that make it bad: ids, or the beginnings of ids.</param>
internal sealed record ConditionText(string Type, InTwoLanguages Meaning, IReadOnlyList<string> Feeds)
{
    /// <param name="npd">Asked only where the agent itself has no condition of this type.</param>
    /// <returns>Null where nobody writes such a condition.</returns>
    public static ConditionText? Find(string type, Func<NpdConfiguration> npd)
    {
        if (type.Length == 0 || type.Any(letter => !char.IsAsciiLetterOrDigit(letter)) || type.All(char.IsAsciiDigit))
            return null; // an id, or an Xid
        if (ConditionTable.Types.Contains(type))
        {
            return new ConditionText(type, new(
                "A condition of the agent: True while all is well, False while a fatal problem that feeds it stands; a degraded one is told in its reason and message.",
                "代理写入的节点状况：一切正常时为 True；有属于它的致命问题存在时为 False；降级问题在 reason 和 message 中说明。"), ConditionTable.FeedsOf(type));
        }
        var rules = npd().Monitors.SelectMany(monitor => monitor.Rules.Where(rule => rule.Condition == type).Select(rule => (monitor, rule))).ToList();
        if (rules.Count == 0)
            return null;
        var (first, files) = (rules[0].monitor.Find(type), string.Join(", ", rules.Select(pair => pair.monitor.Path).Distinct()));
        return new ConditionText(type, new(
            $"A condition of node-problem-detector's file {files}: False with reason {first?.Reason} while all is well, True while one of its problems stands.",
            $"node-problem-detector 配置文件 {files} 定义的状况：正常时为 False（reason 为 {first?.Reason}），其任一问题存在时为 True。"),
            [.. rules.Select(pair => pair.rule.ProblemId).Distinct()]);
    }
}
