using System.Reflection;
using AIInfra.Core.Health.Logs;

namespace AIInfra.Core.Health;

/// <summary>What <c>explain</c> and the reference say of one problem, in English and in Chinese.</summary>
/// <param name="Severity">As it is raised; where its source says more, the usual one.</param>
/// <param name="Advice">What to do about this one in particular; empty: only what its action says.</param>
public sealed record ProblemText(
    string Id, Severity Severity, Cause Cause, SuggestedAction Action, Clearing Clearing, InTwoLanguages Meaning, InTwoLanguages Advice)
{
    /// <summary>The problems that the agent raises whatever the vendor.</summary>
    public static IReadOnlyList<ProblemText> Common { get; } =
        [.. Read(typeof(ProblemText).Assembly, "core.problems.tsv"), .. Read(typeof(ProblemText).Assembly, "probes.problems.tsv")];

    /// <summary>Reads a data file with the columns id, severity, cause, action, clearing, meaning in English and Chinese, advice in English and Chinese.</summary>
    /// <exception cref="InvalidOperationException">It is missing or wrong: the build is broken.</exception>
    public static IReadOnlyList<ProblemText> Read(Assembly assembly, string resource)
    {
        using var stream = assembly.GetManifestResourceStream(resource) ?? throw new InvalidOperationException($"The resource {resource} is missing from this build.");
        using var text = new StreamReader(stream);
        return [.. text.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => Parse(line, resource))];
    }

    private static ProblemText Parse(string line, string resource) =>
        line.Split('\t') is [var id, var severity, var cause, var action, var clearing, var english, var chinese, var advice, var chineseAdvice]
        && LogRule.SeverityOf(severity) is { } how && LogRule.CauseOf(cause) is { } why && LogRule.ActionOf(action) is { } what && LogRule.ClearingOf(clearing) is { } until
            ? new ProblemText(id, how, why, what, until, new(english, chinese), new(advice, chineseAdvice))
            : throw new InvalidOperationException($"{resource}: \"{line}\" is no row.");
}

/// <summary>One text in the two languages of the agent.</summary>
public readonly record struct InTwoLanguages(string English, string Chinese)
{
    public string In(bool isChinese) => isChinese ? Chinese : English;
}
