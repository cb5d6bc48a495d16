using System.Collections.Frozen;
using System.Globalization;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Logs;

namespace AIInfra.Vendors.Ascend;

/// <summary>What a fault code means: how bad it is, and what about.</summary>
/// <param name="Level">The vendor's word: <c>SeparateNPU</c>.</param>
internal sealed record AscendFault(uint Code, string Level, Severity Severity, Cause Cause, SuggestedAction Action, Clearing Clearing, InTwoLanguages Meaning)
{
    public string ProblemId => AscendFaultTable.IdOf(Code);
}

/// <summary>The codes of DCMI with their levels, and what the best known of them are about. Of a code with several levels the worst stands.</summary>
/// <remarks>Source: mind-cluster 22bb3d98, faultCode.json and faultCustomization.json. A code that is in no table takes its level from the driver's severity.</remarks>
internal sealed class AscendFaultTable
{
    private const string Head = "ascend.";
    private const int CodeLength = 8;

    private sealed record Level(string Name, Severity Severity, SuggestedAction Action, Clearing Clearing, InTwoLanguages Meaning);

    private readonly FrozenDictionary<uint, Level> _levels;
    private readonly FrozenDictionary<string, Level> _byName;
    private readonly FrozenDictionary<string, (Cause Cause, InTwoLanguages Text)> _meanings; // by the code's digits, or how they begin

    private AscendFaultTable(IEnumerable<string> levels, IEnumerable<string> meanings)
    {
        var byCode = new Dictionary<uint, Level>();
        var byName = new Dictionary<string, Level>(StringComparer.Ordinal);
        foreach (var line in levels)
        {
            if (line.Split('\t') is not [var name, var severity, var action, var clearing, var codes, var english, var chinese]
                || LogRule.SeverityOf(severity) is not { } how || LogRule.ActionOf(action) is not { } what || LogRule.ClearingOf(clearing) is not { } until)
            {
                throw new FormatException($"faults.tsv: \"{line[..Math.Min(60, line.Length)]}\" is no row");
            }
            byName[name] = new Level(name, how, what, until, new(english, chinese));
            foreach (var code in CodesOf(codes))
                byCode.TryAdd(code, byName[name]); // the worst level comes first
        }
        (_levels, _byName) = (byCode.ToFrozenDictionary(), byName.ToFrozenDictionary(StringComparer.Ordinal));
        _meanings = meanings.Select(line => line.Split('\t')).ToFrozenDictionary(
            cells => cells[0], cells => (LogRule.CauseOf(cells[1]) ?? throw new FormatException($"meanings.tsv: '{cells[1]}' is no cause"), new InTwoLanguages(cells[2], cells[3])), StringComparer.Ordinal);
    }

    public static AscendFaultTable Embedded { get; } = new(VendorData.Lines("ascend.faults.tsv"), VendorData.Lines("ascend.meanings.tsv"));

    /// <summary>Codes that have a level.</summary>
    public int Count => _levels.Count;

    /// <summary>Those that have a sentence of their own.</summary>
    public IEnumerable<uint> Explained => _meanings.Keys.Where(key => key.Length == CodeLength).Select(key => uint.Parse(key, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)).Order();

    /// <param name="driverSeverity">The driver's own: 0 warning to 3 critical. Counts where no table has the code.</param>
    public AscendFault this[uint code, int driverSeverity = 0]
    {
        get
        {
            var digits = Digits(code);
            var isKnown = _levels.TryGetValue(code, out var level);
            level ??= _byName[driverSeverity switch { 3 => "SeparateNPU", 2 => "SubHealth", _ => "NotHandle" }];
            var (cause, about) = _meanings.TryGetValue(digits, out var own) ? own : About(digits, isKnown);
            return new AscendFault(code, level.Name, level.Severity, cause, level.Action, level.Clearing,
                new($"{about.English} {level.Meaning.English}", $"{about.Chinese}{level.Meaning.Chinese}"));
        }
    }

    public static string IdOf(uint code) => Head + Digits(code);

    /// <summary>Null when the problem is none of a fault code.</summary>
    public static uint? CodeOf(string problemId) => problemId.Length == Head.Length + CodeLength && problemId.StartsWith(Head, StringComparison.Ordinal)
        && uint.TryParse(problemId.AsSpan(Head.Length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code) ? code : null;

    /// <summary>The codes of <c>80BB8008-800A,8107800D</c>: the end of a range gives the last four digits.</summary>
    public static IEnumerable<uint> CodesOf(string codes)
    {
        foreach (var part in codes.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var ends = part.Split('-');
            var first = uint.Parse(ends[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            var last = ends.Length == 1 ? first : (first & 0xffff0000) | uint.Parse(ends[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            for (var code = first; code <= last; code++)
                yield return code;
        }
    }

    private (Cause Cause, InTwoLanguages Text) About(string digits, bool isKnown)
    {
        for (var length = 4; length >= 2; length -= 2)
        {
            if (_meanings.TryGetValue(digits[..length], out var module))
                return (module.Cause, new($"{module.Text.English}: fault {digits}.", $"{module.Text.Chinese}：故障 {digits}。"));
        }
        return (Cause.Hardware, isKnown ? new($"Fault {digits}.", $"故障 {digits}。") : new($"Fault {digits}, which no table knows.", $"故障 {digits}，不在任何表中。"));
    }

    private static string Digits(uint code) => code.ToString("X8", CultureInfo.InvariantCulture);
}
