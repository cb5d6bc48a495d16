using System.Collections.Frozen;
using System.Globalization;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Logs;

namespace AIInfra.Vendors.Nvidia;

/// <summary>A class of SXids that mean the same for health.</summary>
/// <param name="Name">Short, in our words: <c>port-fatal</c>.</param>
internal sealed record NvidiaSxidClass(string Name, Severity Severity, Cause Cause, SuggestedAction Action, Clearing Clearing, string Message);

/// <summary>What the faults of NVSwitches mean, from the data file <c>sxids.tsv</c>.</summary>
/// <remarks>The line's own word, Fatal or Non-fatal, says whether it touches health; the table says what to do about it.</remarks>
internal sealed class NvidiaSxidTable
{
    private const string Resource = "nvidia.sxids.tsv";

    private static readonly NvidiaSxidClass UnknownFatal = new("unknown-fatal", Severity.Fatal, Cause.Fabric, SuggestedAction.ResetDevice, Clearing.OnBoot,
        "A switch reported a fatal fault that this agent does not know.");
    private static readonly NvidiaSxidClass Unknown = new("unknown", Severity.Degraded, Cause.Fabric, SuggestedAction.Observe, Clearing.AfterQuiet(TimeSpan.FromHours(24)),
        "A switch reported a fault that this agent does not know.");

    private readonly FrozenDictionary<int, NvidiaSxidClass> _classes;

    private NvidiaSxidTable(IEnumerable<KeyValuePair<int, NvidiaSxidClass>> classes) => _classes = classes.ToFrozenDictionary();

    public static NvidiaSxidTable Embedded { get; } = Parse(VendorData.Lines(Resource));

    public IEnumerable<KeyValuePair<int, NvidiaSxidClass>> Known => _classes;

    public static string ProblemId(int code) => string.Create(CultureInfo.InvariantCulture, $"nvidia.sxid.{code}");

    /// <summary>What the table says of a code; an unknown one is degraded, never dropped.</summary>
    public NvidiaSxidClass this[int code] => _classes.GetValueOrDefault(code, Unknown);

    /// <param name="isFatal">The line's own word.</param>
    public LogVerdict VerdictOf(int code, bool isFatal)
    {
        var known = this[code];
        var verdict = new LogVerdict(ProblemId(code), known.Severity, known.Cause, known.Action, known.Clearing, known.Message);
        if (isFatal && known.Severity != Severity.Fatal)
            return verdict with { Severity = Severity.Fatal, Action = UnknownFatal.Action, Clearing = UnknownFatal.Clearing, Message = known == Unknown ? UnknownFatal.Message : known.Message };
        if (!isFatal && known.Severity == Severity.Fatal)
            return verdict with { Severity = Severity.Degraded, Action = SuggestedAction.Observe, Clearing = Unknown.Clearing, Message = "A switch reported a fault that is often fatal, and calls it not fatal this time; watch the NVLinks of its GPUs." };
        return verdict;
    }

    internal static NvidiaSxidTable Parse(IEnumerable<string> lines)
    {
        var classes = new Dictionary<int, NvidiaSxidClass>();
        foreach (var line in lines)
        {
            if (line.Split('\t') is not [var codes, var name, var severity, var cause, var action, var clearing, var message]
                || LogRule.SeverityOf(severity) is not { } how || LogRule.CauseOf(cause) is not { } why
                || LogRule.ActionOf(action) is not { } what || LogRule.ClearingOf(clearing) is not { } until)
                throw new FormatException($"{Resource}: \"{line}\" is no row");
            var known = new NvidiaSxidClass(name, how, why, what, until, message);
            foreach (var code in NvidiaData.CodesOf(codes))
            {
                if (!classes.TryAdd(code, known))
                    throw new FormatException($"{Resource}: SXid {code} stands in the table twice");
            }
        }
        return new NvidiaSxidTable(classes);
    }
}
