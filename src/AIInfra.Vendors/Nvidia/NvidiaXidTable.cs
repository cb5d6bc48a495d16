using System.Collections.Frozen;
using System.Globalization;
using AIInfra.Core.Health;

namespace AIInfra.Vendors.Nvidia;

/// <summary>What one Xid means for health.</summary>
/// <param name="Name">Short, in our words: <c>fallen-off-bus</c>.</param>
/// <param name="Message">One sentence for the engineer on call.</param>
internal sealed record NvidiaXid(long Code, string Name, Severity Severity, Cause Cause, SuggestedAction Action, Clearing Clearing, string Message)
{
    public string ProblemId => string.Create(CultureInfo.InvariantCulture, $"nvidia.xid.{Code}");
}

/// <summary>Every Xid that is known, from the data file <c>xids.tsv</c>.</summary>
/// <remarks>Columns, tab separated: codes (single ones and ranges), name, severity, cause, action, clearing, message. Clearing is
/// <c>quiet-Nh</c>, <c>healthy</c>, <c>reset</c>, <c>boot</c> or <c>hand</c>. Severities follow NVIDIA's Xid catalogue for A100 and
/// newer; where monitors disagree, a GPU is taken out of service only for what a reset, a boot or a replacement is needed for.</remarks>
internal sealed class NvidiaXidTable
{
    private const string Resource = "nvidia.xids.tsv";
    private readonly FrozenDictionary<long, NvidiaXid> _xids;

    private NvidiaXidTable(IEnumerable<NvidiaXid> xids) => _xids = xids.ToFrozenDictionary(xid => xid.Code);

    /// <summary>The table of this build.</summary>
    public static NvidiaXidTable Embedded { get; } = Load();

    public IEnumerable<NvidiaXid> Known => _xids.Values;

    /// <summary>A number that is not in the table is degraded, never dropped: a newer driver may mean anything by it.</summary>
    public NvidiaXid this[long code] => _xids.TryGetValue(code, out var xid) ? xid : new NvidiaXid(code, "unknown", Severity.Degraded,
        Cause.Driver, SuggestedAction.Observe, Clearing.AfterQuiet(TimeSpan.FromHours(24)), "The driver reported an Xid that this agent does not know.");

    /// <exception cref="FormatException">A row is broken or a code stands in two; names the line.</exception>
    internal static NvidiaXidTable Parse(TextReader text)
    {
        var xids = new Dictionary<long, NvidiaXid>();
        text.ReadLine(); // the head
        for (var number = 2; text.ReadLine() is { } line; number++)
        {
            if (line.Split('\t') is not [var codes, var name, var severity, var cause, var action, var clearing, var message])
                throw new FormatException($"line {number} has not seven columns");
            foreach (var code in CodesOf(codes))
            {
                if (!xids.TryAdd(code, new NvidiaXid(code, name, SeverityOf(severity), CauseOf(cause), ActionOf(action), ClearingOf(clearing), message)))
                    throw new FormatException($"line {number}: Xid {code} stands in the table twice");
            }
        }
        return new NvidiaXidTable(xids.Values);
    }

    private static NvidiaXidTable Load()
    {
        using var stream = typeof(NvidiaXidTable).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The resource {Resource} is missing from this build.");
        using var text = new StreamReader(stream);
        return Parse(text);
    }

    private static IEnumerable<long> CodesOf(string codes)
    {
        foreach (var part in codes.Split(','))
        {
            var ends = part.Split('-');
            var first = long.Parse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture);
            for (var code = first; code <= long.Parse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture); code++)
                yield return code;
        }
    }

    private static Severity SeverityOf(string word) => word switch
    {
        "info" => Severity.Info,
        "degraded" => Severity.Degraded,
        "fatal" => Severity.Fatal,
        _ => throw new FormatException($"'{word}' is no severity"),
    };

    private static Cause CauseOf(string word) => word switch
    {
        "application" => Cause.Application,
        "driver" => Cause.Driver,
        "hardware" => Cause.Hardware,
        "fabric" => Cause.Fabric,
        "host" => Cause.Host,
        _ => throw new FormatException($"'{word}' is no cause"),
    };

    private static SuggestedAction ActionOf(string word) => word switch
    {
        "none" => SuggestedAction.None,
        "observe" => SuggestedAction.Observe,
        "tell-pod" => SuggestedAction.TellPod,
        "restart-service" => SuggestedAction.RestartService,
        "reset-device" => SuggestedAction.ResetDevice,
        "drain" => SuggestedAction.Drain,
        "reboot" => SuggestedAction.Reboot,
        "replace" => SuggestedAction.Replace,
        _ => throw new FormatException($"'{word}' is no action"),
    };

    private static Clearing ClearingOf(string word) => word switch
    {
        "quiet-1h" => Clearing.AfterQuiet(TimeSpan.FromHours(1)),
        "quiet-24h" => Clearing.AfterQuiet(TimeSpan.FromHours(24)),
        "healthy" => Clearing.OnHealthyReading,
        "reset" => Clearing.OnReset,
        "boot" => Clearing.OnBoot,
        "hand" => Clearing.ByHand,
        _ => throw new FormatException($"'{word}' is no clearing"),
    };
}
