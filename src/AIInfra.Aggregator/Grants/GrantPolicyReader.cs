using System.Collections.Immutable;
using AIInfra.Aggregator.Store;
using AIInfra.Core.Configuration;

namespace AIInfra.Aggregator.Grants;

/// <summary>Reads the file of <c>grants.policy</c> and says everything that is wrong with it, each with its place.</summary>
public sealed class GrantPolicyReader
{
    private const int MostBudgets = 50;

    private readonly ImmutableArray<ConfigError>.Builder _errors = ImmutableArray.CreateBuilder<ConfigError>();

    private GrantPolicyReader()
    {
    }

    /// <param name="file">Null or empty: the defaults.</param>
    public static (GrantPolicy Policy, ImmutableArray<ConfigError> Errors) Load(string? file)
    {
        if (string.IsNullOrEmpty(file))
            return (new GrantPolicy(), []);
        var (root, errors) = YamlTree.ReadFile(file);
        return new GrantPolicyReader().Read(root, errors);
    }

    /// <inheritdoc cref="Load"/>
    /// <param name="source">As errors name it.</param>
    public static (GrantPolicy Policy, ImmutableArray<ConfigError> Errors) Read(string source, string text)
    {
        var (root, errors) = YamlTree.Read(source, text);
        return new GrantPolicyReader().Read(root, errors);
    }

    private (GrantPolicy, ImmutableArray<ConfigError>) Read(YamlNode? root, ImmutableArray<ConfigError> errors)
    {
        _errors.AddRange(errors);
        var defaults = new GrantPolicy();
        var fields = new YamlFields("", root, _errors);
        var budgets = fields.List("budgets");
        if (budgets.Length > MostBudgets)
            fields.Error(fields.Mark, "budgets", $"has {budgets.Length} budgets; at most {MostBudgets} are read.");
        var policy = new GrantPolicy
        {
            Budgets = budgets.IsEmpty ? defaults.Budgets : [.. budgets.Take(MostBudgets).Select((node, at) => ReadBudget(new YamlFields($"budgets[{at}]", node, _errors)))],
            JobMaxUnavailable = ReadAmount(fields, "jobMaxUnavailable"),
            Breaker = ReadBreaker(fields.Section("breaker"), defaults.Breaker),
            View = ReadView(fields.Section("view"), defaults.View),
            Lifetime = Duration(fields, "lifetime") ?? defaults.Lifetime,
            LostAfter = Duration(fields, "lostAfter") ?? defaults.LostAfter,
            ApprovalFor = Duration(fields, "approvalFor") ?? defaults.ApprovalFor,
            IncidentSettle = Duration(fields, "incidentSettle") ?? defaults.IncidentSettle,
            ApprovedActions = fields.Find("approvedActions") is null ? defaults.ApprovedActions : [.. Texts(fields, "approvedActions")],
            ApprovedNodes = fields.Find("approvedNodes") is null ? defaults.ApprovedNodes : [.. Texts(fields, "approvedNodes").Select(Label)],
            HeldByIncidents = fields.Find("heldByIncidents") is null ? defaults.HeldByIncidents : [.. Texts(fields, "heldByIncidents")],
        };
        fields.Close();
        if (_errors.Count == 0)
            _errors.AddRange(policy.Faults().Select(fault => new ConfigError(fields.Mark, fault)));
        return (policy, _errors.ToImmutable());
    }

    private static Budget ReadBudget(YamlFields fields)
    {
        var rate = fields.Find("rate") is null ? null : fields.Section("rate");
        var budget = new Budget(fields.Text("name") ?? "", fields.Text("label") ?? "", ReadAmount(fields, "maxUnavailable") ?? Amount.Of(0),
            fields.Number("minAvailable", 0, int.MaxValue) ?? 0,
            rate is null ? null : new StartRate(rate.Number("starts", 1, 1_000_000) ?? 1, Duration(rate, "window") ?? TimeSpan.FromHours(1)));
        if (fields.Find("maxUnavailable") is null)
            fields.Error(fields.Mark, "maxUnavailable", "is missing: a number of nodes, as in 2, or a share, as in 5%.");
        rate?.Close();
        fields.Close();
        return budget;
    }

    private static BreakerRule ReadBreaker(YamlFields fields, BreakerRule defaults)
    {
        var rule = new BreakerRule
        {
            Percent = fields.Number("percent", 1, 100) ?? defaults.Percent,
            AtLeast = fields.Number("atLeast", 1, 1_000_000) ?? defaults.AtLeast,
            Window = Duration(fields, "window") ?? defaults.Window,
        };
        fields.Close();
        return rule;
    }

    private static ViewRule ReadView(YamlFields fields, ViewRule defaults)
    {
        var rule = new ViewRule(fields.Number("seenPercent", 1, 100) ?? defaults.SeenPercent, Duration(fields, "for") ?? defaults.For);
        fields.Close();
        return rule;
    }

    private static Amount? ReadAmount(YamlFields fields, string key)
    {
        if (fields.Find(key) is not { } entry)
            return null;
        if (entry.Value is YamlScalar { Text: var text } && Amount.TryParse(text, out var amount))
            return amount;
        fields.Error(entry.Value.Mark, key, $"\"{YamlFields.Show(entry.Value)}\" is not usable; it must be a number of nodes, as in 2, or a share, as in 5%.");
        return Amount.Of(0);
    }

    private static TimeSpan? Duration(YamlFields fields, string key)
    {
        if (fields.Find(key) is not { } entry)
            return null;
        if (entry.Value is YamlScalar { Text: var text } && ConfigForm.ParseDuration(text) is { } time)
            return time;
        fields.Error(entry.Value.Mark, key, $"\"{YamlFields.Show(entry.Value)}\" is not usable; it must be a time, as in 30s, 10m or 2h.");
        return null;
    }

    private static (string Label, string Value) Label(string text) => text.Split('=', 2) is [var label, var value] ? (label, value) : (text, "");

    private static IEnumerable<string> Texts(YamlFields fields, string key)
    {
        foreach (var node in fields.List(key))
        {
            if (node is YamlScalar { Text: { Length: > 0 and <= 400 } text })
                yield return text;
            else
                fields.Error(node.Mark, key, $"\"{YamlFields.Show(node)}\" is not usable; each must be a text.");
        }
    }
}
