using AIInfra.Core.Health;
using AIInfra.Core.Metrics;
using AIInfra.Core.Remediation;

namespace AIInfra.Fleet;

/// <summary>The words of the protocol, read: what Core has as enums. Words, not numbers: a newer side may say one that the older does not know, and then it is null.</summary>
public static class WireWords
{
    public static SuggestedAction? ActionOf(string word) => Find<SuggestedAction>(word, Words.Of);

    public static SubjectKind? SubjectKindOf(string word) => Find<SubjectKind>(word, Words.Of);

    public static DrainScope? ScopeOf(string word) => Find<DrainScope>(word, Words.Of);

    /// <summary>Null also where there is none yet.</summary>
    public static ActionOutcome? OutcomeOf(string word) => Find<ActionOutcome>(word, Words.Of);

    private static T? Find<T>(string word, Func<T, string> say) where T : struct, Enum
    {
        foreach (var value in Enum.GetValues<T>())
        {
            if (say(value) == word)
                return value;
        }
        return null;
    }
}
