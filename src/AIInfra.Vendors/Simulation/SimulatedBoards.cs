using System.Collections.Immutable;
using System.Globalization;

namespace AIInfra.Vendors.Simulation;

/// <summary>The boards of a simulated node that are files alone. A node is named by its parts, each with a count: <c>mi300x-8+ib-hdr-8+edgetpu-2</c>.</summary>
public static class SimulatedBoards
{
    public const int MostBoards = 192;

    /// <summary>Kinds of which a node's parts may be, without the count.</summary>
    public static ImmutableArray<string> Kinds { get; } = ["mi300x", "mi300x-cpx", "max1550", "b60", "ib-hdr", "ib-ndr", "roce", .. SimulatedKind.All.Keys.Order(StringComparer.Ordinal)];

    /// <returns>The boards in the order of the name; what of the name is no such board (another simulator's), and null boards where a count is wrong.</returns>
    public static (ImmutableArray<SimulatedBoard>? Boards, ImmutableArray<string> Others) Of(SimulatedFiles files, string node)
    {
        var boards = ImmutableArray.CreateBuilder<SimulatedBoard>();
        var others = ImmutableArray.CreateBuilder<string>();
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var part in node == "mixed-files" ? ["mi300x-8", "ib-hdr-8", "edgetpu-2"] : node.Split('+'))
        {
            var dash = part.LastIndexOf('-');
            var kind = dash > 0 ? part[..dash] : "";
            if (!Kinds.Contains(kind))
            {
                others.Add(part);
                continue;
            }
            if (!int.TryParse(part.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count is < 1 or > 64 || boards.Count + count > MostBoards)
                return (null, [part]);
            var family = kind switch { "ib-hdr" or "ib-ndr" or "roce" => "nic", "max1550" or "b60" => "intel", _ => kind };
            var first = numbers.GetValueOrDefault(family);
            for (var number = first; number < first + count; number++)
                boards.Add(Create(files, kind, boards.Count, number, count));
            numbers[family] = first + count;
        }
        return (boards.ToImmutable(), others.ToImmutable());
    }

    private static SimulatedBoard Create(SimulatedFiles files, string kind, int slot, int number, int count) => kind switch
    {
        "mi300x" => new SimulatedAmdGpu(files, slot, number, count),
        "mi300x-cpx" => new SimulatedAmdGpu(files, slot, number, count) { Partitions = 8 },
        "max1550" or "b60" => new SimulatedIntelGpu(files, slot, number, isXe: kind == "b60"),
        "ib-hdr" => new SimulatedNic(files, slot, number),
        "ib-ndr" => new SimulatedNic(files, slot, number) { Rate = "400 Gb/sec (4X NDR)" },
        "roce" => new SimulatedNic(files, slot, number) { IsEthernet = true, Rate = "100 Gb/sec (4X EDR)" },
        _ => new SimulatedTableBoard(files, slot, number, SimulatedKind.All[kind]),
    };

    /// <summary>Writes a node's files, and the mark by which the agent shows everything of it as simulated.</summary>
    public static void Write(SimulatedFiles files, ImmutableArray<SimulatedBoard> boards)
    {
        files.Put("run/aiinfra-simulator", "The devices of this host are simulated.");
        foreach (var board in boards)
            board.Write();
    }
}
