using System.Collections.Immutable;
using System.Text.Json;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation;
using AIInfra.Kubernetes.Api;
using AIInfra.Kubernetes.Reporting;

namespace AIInfra.Kubernetes.Remediation;

/// <summary>What the agent notes on the node beside what it set there: for which operation and problem, and since when. Only what bears its mark is ever taken back.</summary>
internal sealed record AgentMark(string Operation, string Problem, string Subject, DateTimeOffset Since)
{
    /// <summary>Beside <c>spec.unschedulable</c>: the agent cordoned the node.</summary>
    public const string Cordoned = ReportingOptions.Prefix + "cordoned";

    /// <summary>What <see cref="Cordoned"/> said, when somebody else uncordoned the node.</summary>
    public const string Undone = ReportingOptions.Prefix + "uncordoned-by-others";

    /// <summary>Followed by name and effect of the taint.</summary>
    public const string Tainted = ReportingOptions.Prefix + "tainted.";

    private const int Longest = 1024; // more than was ever written

    public static AgentMark Of(ActionStep step, DateTimeOffset at) => new(step.Operation, step.ProblemId, step.Subject.ToString(), at);

    /// <returns>Null when there is none, or none that the agent wrote.</returns>
    public static AgentMark? Read(NodeSnapshot node, string annotation)
    {
        if (!node.Annotations.TryGetValue(annotation, out var text) || text.Length > Longest)
            return null;
        try
        {
            return JsonSerializer.Deserialize(text, ApiJson.Default.AgentMark) is { Operation: not null, Problem: not null, Subject: not null } mark ? mark : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public string Write() => JsonSerializer.Serialize(this, ApiJson.Default.AgentMark);

    public bool IsFor(ActionStep step) => Problem == step.ProblemId && Subject == step.Subject.ToString();

    /// <summary>True while the problem that it was set for stands; one that came back since is another.</summary>
    public bool StandsIn(ImmutableArray<Problem> problems) => problems.Any(problem => problem.Id == Problem && problem.Subject.ToString() == Subject && problem.FirstSeen <= Since);

    /// <summary>What it was undone for, if somebody else uncordoned what the agent had cordoned.</summary>
    public static AgentMark? UndoneOn(NodeSnapshot node) => node.IsUnschedulable ? null : Read(node, Cordoned) ?? Read(node, Undone);
}
