using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json;
using AIInfra.Agent.Configuration;
using AIInfra.Agent.Control;
using AIInfra.Core.Configuration;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Npd;
using AIInfra.Vendors;

namespace AIInfra.Agent.Commands;

/// <summary><c>explain ID</c>: what a problem means, what the agent does about it and what its reader can do. Needs no daemon.</summary>
internal static class ExplainCommand
{
    private const int NearestIds = 5;

    public static Command Create(Option<string?> configFile, Option<string> output)
    {
        var id = new Argument<string>("ID") { Description = "The problem's id, for example nvidia.xid.79, or a node condition's type; a bare number is an Xid" };
        var language = new Option<string?>("--lang") { Description = "en or zh (default: by LC_ALL, LC_MESSAGES, LANG)" };
        language.AcceptOnlyFromAmong("en", "zh");
        var command = new Command("explain", "Explain a problem: meaning, cause, what the agent does, what to do") { id, language, output, ExplainAllocationCommand.Create(configFile, output) };
        command.SetAction(parsed => Run(parsed.GetValue(id)!, parsed.GetValue(configFile), IsChinese(parsed.GetValue(language)), parsed.GetValue(output) == "json"));
        return command;
    }

    private static int Run(string id, string? configFile, bool isChinese, bool asJson)
    {
        if (ConditionText.Find(id, () => AgentConfig.Npd(AgentConfig.Load(configFile).Config)) is { } condition)
            return ExplainCondition(condition, isChinese, asJson);
        var known = id.StartsWith("npd.", StringComparison.Ordinal) ? NpdText(id, AgentConfig.Load(configFile)) : ProblemCatalog.Find(id);
        if (known is not { } text)
        {
            var nearest = string.Join(", ", ProblemCatalog.Nearest(id, NearestIds));
            Console.Error.WriteLine(isChinese ? $"没有编号为 {Terminal.Show(id)} 的问题。最接近的是：{nearest}。" : $"No problem has the id {Terminal.Show(id)}. Nearest: {nearest}.");
            return ExitStatus.Usage;
        }
        var explanation = new ProblemExplanation(
            text.Id, text.Severity, text.Cause, text.Action, text.Meaning.In(isChinese), ProblemPhrases.Of(text.Cause).In(isChinese),
            ProblemPhrases.Of(text.Severity).In(isChinese), Advice(text, isChinese), ProblemPhrases.Of(text.Clearing).In(isChinese));
        if (asJson)
            Console.WriteLine(JsonSerializer.Serialize(explanation, ControlJson.Default.ProblemExplanation));
        else
            Print(explanation, isChinese);
        return ExitStatus.Ok;
    }

    /// <summary>Of a rule of node-problem-detector's files, as the configuration names them.</summary>
    private static ProblemText? NpdText(string id, (Config Config, ImmutableArray<ConfigError> Errors) loaded)
    {
        AgentConfig.Report(loaded.Errors, Console.Error);
        return AgentConfig.Npd(loaded.Config).Explain(id);
    }

    private static int ExplainCondition(ConditionText condition, bool isChinese, bool asJson)
    {
        if (asJson)
            Console.WriteLine(JsonSerializer.Serialize(new ConditionExplanation(condition.Type, condition.Meaning.In(isChinese), condition.Feeds), ControlJson.Default.ConditionExplanation));
        else
            Console.WriteLine($"{condition.Type}\n  {condition.Meaning.In(isChinese)}\n  {(isChinese ? "由以下问题决定" : "Fed by the problems")}: {string.Join(", ", condition.Feeds)}");
        return ExitStatus.Ok;
    }

    private static void Print(ProblemExplanation text, bool isChinese)
    {
        string[] heads = isChinese ? ["含义", "常见原因", "代理的处理", "建议", "何时清除"] : ["Meaning", "Usual cause", "The agent", "What to do", "Clears"];
        string[] values = [text.Meaning, text.UsualCause, text.Agent, text.Advice, text.Clears];
        Console.WriteLine($"{text.Id} ({Word(text.Severity)}, {Word(text.Action)})");
        for (var at = 0; at < heads.Length; at++)
            Console.WriteLine(isChinese ? $"  {heads[at]}：{values[at]}" : $"  {heads[at] + ":",-13}{values[at]}");
    }

    private static string Advice(ProblemText text, bool isChinese) =>
        text.Advice.In(isChinese) is { Length: > 0 } own ? own : ProblemPhrases.Of(text.Action).In(isChinese);

    /// <summary>As the locale's variables say, the first that is set (locale(7)).</summary>
    private static bool IsChinese(string? language) =>
        (language ?? FirstSet("LC_ALL", "LC_MESSAGES", "LANG") ?? "").StartsWith("zh", StringComparison.OrdinalIgnoreCase);

    private static string? FirstSet(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value)
                return value;
        }
        return null;
    }

    private static string Word<T>(T value) where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());
}
