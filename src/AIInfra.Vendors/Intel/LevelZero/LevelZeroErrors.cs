using AIInfra.Core.Sampling;
using static AIInfra.Vendors.Intel.LevelZero.LevelZeroValues;

namespace AIInfra.Vendors.Intel.LevelZero;

/// <summary>Counts of errors, by what had them.</summary>
internal static class LevelZeroErrors
{
    /// <summary>Up to here one call tells all; the categories behind are told by a newer one only.</summary>
    private const int First = 7, FirstOfHardware = 3, MostRows = 32;
    private const uint CorrectedSet = 0, UncorrectedSet = 1;

    /// <summary>In the library's order. What a program or the driver did wrong is no error of the hardware, and is not told by whether it was corrected.</summary>
    private static readonly string[] Categories = ["engine_resets_total", "programming_errors_total", "errors_driver_total", "compute", "noncompute", "cache", "display", "memory", "xelink", "xelink", "pcie", "xelink", "soc"];

    private static readonly int[] CorrectedPlaces = PlacesOf("corrected"), UncorrectedPlaces = PlacesOf("uncorrected");
    private static readonly int Uncorrected = PlaceOf("ras_uncorrected_total");

    /// <summary>Adds the counts of one set.</summary>
    public static void Read(ZesParts zes, ZesPart set, Span<Reading> readings)
    {
        if (set.Type is not (CorrectedSet or UncorrectedSet))
            return;
        var places = set.Type == CorrectedSet ? CorrectedPlaces : UncorrectedPlaces;
        var state = zes.Errors(set.Handle, out var counts);
        for (var category = 0; category < First; category++)
            Add(readings, places, category, Count(state, counts[category]));
        Span<ZesRasStateExp> rows = stackalloc ZesRasStateExp[MostRows];
        foreach (ref readonly var row in rows[..zes.MoreErrors(set.Handle, rows)])
        {
            if (row.Category < places.Length && (row.Category >= First || state != ReadingState.Present))
                Add(readings, places, (int)row.Category, Count(ReadingState.Present, row.ErrorCounter));
        }
    }

    private static void Add(Span<Reading> readings, int[] places, int category, Reading count)
    {
        LevelZeroValues.Add(ref readings[places[category]], count);
        if (places == UncorrectedPlaces && category >= FirstOfHardware)
            LevelZeroValues.Add(ref readings[Uncorrected], count);
    }

    private static int[] PlacesOf(string kind) => [.. Categories.Select((name, category) => PlaceOf(category < FirstOfHardware ? name : $"{name}_errors_{kind}_total"))];
}
