using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Configuration;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation.Planning;

namespace AIInfra.Core.Remediation.Ladders;

/// <summary>Reads a policy file and says everything that is wrong with it, each with its place.</summary>
public sealed class PolicyReader
{
    private const int MostLadders = 200, MostRungs = 12;

    private static readonly TimeSpan Longest = TimeSpan.FromDays(90);

    private readonly IReadOnlyDictionary<string, IRemediationAction> _actions;
    private readonly HashSet<string> _probes;
    private readonly ImmutableArray<ConfigError>.Builder _errors = ImmutableArray.CreateBuilder<ConfigError>();
    private readonly List<(Ladder Ladder, string? Then, ConfigMark Mark)> _ladders = [];

    private PolicyReader(IReadOnlyDictionary<string, IRemediationAction> actions, IReadOnlySet<string> probes) => (_actions, _probes) = (actions, new(probes, StringComparer.Ordinal));

    /// <summary>The built-in policy alone, or an operator's file before it.</summary>
    /// <param name="file">Null: none.</param>
    /// <param name="actions">By name: the policy may use no others.</param>
    /// <param name="probes">Names of the verification probes.</param>
    public static (RemediationPolicy Policy, ImmutableArray<ConfigError> Errors) Load(
        string? file, IReadOnlyDictionary<string, IRemediationAction> actions, IReadOnlySet<string> probes)
    {
        var (builtIn, faults) = Read("built-in policy", BuiltInPolicy.Text, actions, probes);
        if (!faults.IsEmpty)
            throw new InvalidOperationException($"The built-in policy is broken: {faults[0]}");
        if (file is null)
            return (builtIn, []);
        var (root, errors) = YamlTree.ReadFile(file);
        var reader = new PolicyReader(actions, probes);
        reader._errors.AddRange(errors);
        if (root is null && errors.IsEmpty)
            return (builtIn, []);
        var (policy, keepsBuiltIn) = reader.ReadRoot(root);
        if (keepsBuiltIn)
            policy = policy with { Ladders = policy.Ladders.AddRange(builtIn.Ladders.Where(ladder => policy.Find(ladder.Name) is null)) };
        return (policy, reader._errors.ToImmutable());
    }

    /// <inheritdoc cref="Load"/>
    public static (RemediationPolicy Policy, ImmutableArray<ConfigError> Errors) Read(
        string source, string text, IReadOnlyDictionary<string, IRemediationAction> actions, IReadOnlySet<string> probes)
    {
        var (root, errors) = YamlTree.Read(source, text);
        var reader = new PolicyReader(actions, probes);
        reader._errors.AddRange(errors);
        var (policy, _) = reader.ReadRoot(root);
        return (policy, reader._errors.ToImmutable());
    }

    private (RemediationPolicy Policy, bool KeepsBuiltIn) ReadRoot(YamlNode? root)
    {
        var fields = new YamlFields("", root, _errors);
        var keeps = fields.Flag("builtIn") ?? true;
        var tests = ReadTests(fields); // before the rungs that may name them
        var ladders = fields.List("ladders");
        if (ladders.Length > MostLadders)
            fields.Error(fields.Mark, "ladders", $"has {ladders.Length} ladders; at most {MostLadders} are read.");
        for (var at = 0; at < Math.Min(ladders.Length, MostLadders); at++)
            ReadLadder(new YamlFields($"ladders[{at}]", ladders[at], _errors));
        var policy = new RemediationPolicy
        {
            Ladders = new LadderChain(_ladders, _errors).Join(),
            Limits = ReadLimits(fields.Section("limits")),
            Windows = [.. fields.List("windows").Select((node, at) => ReadWindow(new YamlFields($"windows[{at}]", node, _errors))).OfType<MaintenanceWindow>()],
            BlockingPods = [.. fields.List("blockingPods").Select((node, at) => ReadPods(new YamlFields($"blockingPods[{at}]", node, _errors)))],
            BlockingFiles = [.. Texts(fields, "blockingFiles", text => text.StartsWith('/') ? null : "must be an absolute path")],
            BlockingAlerts = [.. fields.List("blockingAlerts").Select((node, at) => ReadAlerts(new YamlFields($"blockingAlerts[{at}]", node, _errors))).OfType<BlockingAlerts>()],
            BlockingProblems = Texts(fields, "blockingProblems", _ => null),
            BeforeReturn = Texts(fields, "beforeReturn", RefuseProbe),
            Tests = tests,
            DrainArguments = ReadDrainArguments(fields),
        };
        fields.Close();
        return (policy, keeps);
    }

    private ImmutableArray<PolicyTest> ReadTests(YamlFields fields)
    {
        var tests = ImmutableArray.CreateBuilder<PolicyTest>();
        foreach (var (node, at) in fields.List("tests").Select((node, at) => (node, at)))
        {
            var one = new YamlFields($"tests[{at}]", node, _errors);
            var (name, run) = (one.Text("name") ?? "", Texts(one, "run", _ => null));
            if (name.Length is 0 or > 40 || !name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '-') || !_probes.Add(name))
                one.Error(one.Mark, "name", $"\"{name}\" is not usable: letters, digits and dashes, and no name that a probe has already.");
            if (run is not [['/', ..], ..])
                one.Error(one.Mark, "run", "must be the absolute path of a program of the host, and its arguments.");
            tests.Add(new PolicyTest(name, run, Duration(one, "within", TimeSpan.FromSeconds(1)) ?? TimeSpan.FromMinutes(5)));
            one.Close();
        }
        return tests.ToImmutable();
    }

    private string? RefuseProbe(string name) => _probes.Contains(name) ? null : $"is no probe; these are: {string.Join(", ", _probes.Order(StringComparer.Ordinal))}";

    private ImmutableArray<string> ReadDrainArguments(YamlFields fields)
    {
        var arguments = Texts(fields, "drainArguments", _ => null);
        if (!arguments.IsEmpty && _actions.TryGetValue(NodeSteps.Drain, out var drain) && drain.Refuse(arguments) is { } refusal)
            fields.Error(fields.Mark, "drainArguments", refusal);
        return arguments;
    }

    private void ReadLadder(YamlFields fields)
    {
        var name = fields.Text("name");
        if (string.IsNullOrEmpty(name))
            fields.Error(fields.Mark, "name", "is missing: a short name for actions, metrics and the journal.");
        else if (_ladders.Any(other => other.Ladder.Name == name))
            fields.Error(fields.Mark, "name", $"{name} is the name of a ladder before it.");
        var problems = Texts(fields, "problems", _ => null);
        var actions = Texts(fields, "actions", text => ActionOf(text) is null ? "must be restart-service, reset-device, drain, reboot or replace" : null);
        var ladder = new Ladder
        {
            Name = name ?? "",
            Problems = problems,
            Actions = [.. actions.Select(ActionOf).OfType<SuggestedAction>()],
            Persists = Duration(fields, "persists", TimeSpan.Zero) ?? TimeSpan.Zero,
            Window = Duration(fields, "window", TimeSpan.FromMinutes(1)) ?? TimeSpan.FromDays(7),
            Expires = Duration(fields, "expires", TimeSpan.FromMinutes(1)) ?? TimeSpan.FromHours(24),
            Rungs = ReadRungs(fields),
        };
        var then = fields.Text("then");
        fields.Close();
        _ladders.Add((ladder, then, fields.Mark));
    }

    private ImmutableArray<Rung> ReadRungs(YamlFields fields)
    {
        var nodes = fields.List("rungs");
        if (nodes.IsEmpty || nodes.Length > MostRungs)
            fields.Error(fields.Mark, "rungs", $"must be a list of 1 to {MostRungs} rungs, the weakest first.");
        return [.. nodes.Take(MostRungs).Select((node, at) => ReadRung(new YamlFields(fields.Full($"rungs[{at}]"), node, _errors)))];
    }

    private Rung ReadRung(YamlFields fields)
    {
        var name = fields.Text("do") ?? "";
        var arguments = Texts(fields, "arguments", _ => null);
        if (!_actions.TryGetValue(name, out var action))
            fields.Error(fields.Mark, "do", $"\"{name}\" is no action; these are: {string.Join(", ", _actions.Keys.Order(StringComparer.Ordinal))}.");
        else if (action.Refuse(arguments) is { } refusal)
            fields.Error(fields.Mark, "arguments", refusal);
        var verify = fields.Text("verify") ?? "";
        if (verify.Length > 0 && RefuseProbe(verify) is { } why)
            fields.Error(fields.Mark, "verify", $"\"{verify}\" {why}.");
        var rung = new Rung
        {
            Action = name,
            Arguments = arguments,
            IsDisruptive = action?.IsDisruptive ?? true,
            Drain = fields.Choice("drain", "none", "device", "node") switch { "device" => DrainScope.Device, "node" => DrainScope.Node, _ => DrainScope.None },
            OnlyIdle = fields.Flag("onlyIdle") ?? false,
            Attempts = fields.Number("attempts", 1, 100) ?? 1,
            Cooldown = Duration(fields, "cooldown", TimeSpan.Zero) ?? TimeSpan.FromMinutes(10),
            Deadline = Duration(fields, "deadline", TimeSpan.FromSeconds(1)) ?? TimeSpan.FromMinutes(10),
            Verify = verify,
            Stable = Duration(fields, "stable", TimeSpan.Zero) ?? TimeSpan.FromMinutes(2),
            VerifyWithin = Duration(fields, "verifyWithin", TimeSpan.FromSeconds(1)) ?? TimeSpan.FromMinutes(10),
            NeedsApproval = fields.Choice("approval", "none", "person") == "person",
            PassWhenImpossible = fields.Choice("whenImpossible", "wait", "next") == "next",
        };
        if (rung.Stable > rung.VerifyWithin)
            fields.Error(fields.Mark, "stable", $"{PolicyTime.Show(rung.Stable)} is longer than verifyWithin ({PolicyTime.Show(rung.VerifyWithin)}): it could never be shown to have helped.");
        fields.Close();
        return rung;
    }

    private static PolicyLimits ReadLimits(YamlFields fields)
    {
        var defaults = new PolicyLimits();
        var limits = new PolicyLimits
        {
            Disruptive = fields.Number("disruptive", 0, 1000) ?? defaults.Disruptive,
            DisruptiveWindow = Duration(fields, "disruptiveWindow", TimeSpan.FromMinutes(1)) ?? defaults.DisruptiveWindow,
            Spacing = Duration(fields, "spacing", TimeSpan.Zero) ?? defaults.Spacing,
            RepeatsPerDay = fields.Number("repeatsPerDay", 1, 100) ?? defaults.RepeatsPerDay,
            UnavailablePercent = fields.Number("unavailablePercent", 0, 100) ?? defaults.UnavailablePercent,
        };
        fields.Close();
        return limits;
    }

    private static MaintenanceWindow? ReadWindow(YamlFields fields)
    {
        var days = Texts(fields, "days", text => DayOf(text) is null ? "must be mon, tue, wed, thu, fri, sat or sun" : null);
        var start = fields.Text("start");
        var isTime = TimeOnly.TryParseExact(start, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time);
        if (!isTime)
            fields.Error(fields.Mark, "start", "must be a time of day in UTC, as in 02:30.");
        var length = Duration(fields, "length", TimeSpan.FromMinutes(1));
        if (length is null || length > TimeSpan.FromDays(1))
            fields.Error(fields.Mark, "length", "must be a time of at most 24h, as in 4h.");
        fields.Close();
        return isTime && length is { } span ? new MaintenanceWindow(days.IsEmpty ? [.. Enum.GetValues<DayOfWeek>()] : [.. days.Select(DayOf).OfType<DayOfWeek>()], time, span) : null;
    }

    private static BlockingPods ReadPods(YamlFields fields)
    {
        var pods = new BlockingPods(fields.Text("namespace"), fields.Text("label"));
        if (pods is { Namespace: null, Label: null })
            fields.Error(fields.Mark, "namespace", "is missing, and label too: name one of them, or every pod would block.");
        fields.Close();
        return pods;
    }

    private static BlockingAlerts? ReadAlerts(YamlFields fields)
    {
        var (prometheus, alertmanager) = (fields.Text("prometheus"), fields.Text("alertmanager"));
        var isOne = Uri.TryCreate(prometheus ?? alertmanager, UriKind.Absolute, out var address) && address.Scheme is "http" or "https" && prometheus is null != alertmanager is null;
        if (!isOne)
            fields.Error(fields.Mark, "prometheus", "is missing or no address: name either prometheus or alertmanager, as in http://prometheus.monitoring:9090.");
        var alerts = isOne ? new BlockingAlerts(prometheus is null ? AlertSource.Alertmanager : AlertSource.Prometheus, address!, Texts(fields, "names", _ => null), Texts(fields, "except", _ => null)) : null;
        fields.Close();
        return alerts;
    }

    private static ImmutableArray<string> Texts(YamlFields fields, string key, Func<string, string?> refuse)
    {
        var all = ImmutableArray.CreateBuilder<string>();
        foreach (var node in fields.List(key))
        {
            if (node is not YamlScalar { Text: { Length: > 0 and <= 4096 } text } || text.Contains('\0'))
                fields.Error(node.Mark, key, $"\"{YamlFields.Show(node)}\" is not usable; each must be a text.");
            else if (refuse(text) is { } why)
                fields.Error(node.Mark, key, $"\"{text}\" {why}.");
            else
                all.Add(text);
        }
        return all.ToImmutable();
    }

    private static TimeSpan? Duration(YamlFields fields, string key, TimeSpan least)
    {
        if (fields.Find(key) is not { } entry)
            return null;
        if (entry.Value is YamlScalar { Text: var text } && PolicyTime.Parse(text) is { } time && time >= least && time <= Longest)
            return time;
        fields.Error(entry.Value.Mark, key, $"\"{YamlFields.Show(entry.Value)}\" is not usable; it must be a time from {PolicyTime.Show(least)} to 90d, as in 30s, 10m, 2h or 7d.");
        return null;
    }

    private static SuggestedAction? ActionOf(string text) => text switch
    {
        "restart-service" => SuggestedAction.RestartService,
        "reset-device" => SuggestedAction.ResetDevice,
        "drain" => SuggestedAction.Drain,
        "reboot" => SuggestedAction.Reboot,
        "replace" => SuggestedAction.Replace,
        _ => null,
    };

    private static DayOfWeek? DayOf(string text)
    {
        var at = Array.IndexOf(["sun", "mon", "tue", "wed", "thu", "fri", "sat"], text);
        return at < 0 ? null : (DayOfWeek)at;
    }
}
