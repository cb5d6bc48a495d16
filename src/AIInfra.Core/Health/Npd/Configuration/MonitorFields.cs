using System.Collections.Immutable;
using AIInfra.Core.Health.Npd.Patterns;

namespace AIInfra.Core.Health.Npd.Configuration;

/// <summary>The fields that log and plugin monitors share.</summary>
internal static class MonitorFields
{
    public static ImmutableArray<NpdDeclared> Conditions(JsonFields fields)
    {
        var conditions = ImmutableArray.CreateBuilder<NpdDeclared>();
        foreach (var condition in fields.Objects("conditions"))
        {
            conditions.Add(new NpdDeclared(condition.Needed("type", "the name of a node condition, as KernelDeadlock"), condition.Text("reason"), condition.Text("message")));
            condition.NoteUnknown("The fields of a condition are type, reason and message.");
        }
        return conditions.ToImmutable();
    }

    /// <summary>Null when it is no regular expression; that is then said.</summary>
    public static Re2Pattern? Pattern(JsonFields fields, string name)
    {
        var text = fields.Needed(name, "a regular expression (RE2)");
        try
        {
            return Re2Pattern.EndingAtEnd(text);
        }
        catch (Re2Exception fault)
        {
            fields.Error(name, WhyNot(text, fault));
            return null;
        }
    }

    public static string WhyNot(string text, Re2Exception fault) =>
        $"is no regular expression that RE2 takes: at character {fault.Position + 1} of \"{text}\": {fault.Message}.";
}
