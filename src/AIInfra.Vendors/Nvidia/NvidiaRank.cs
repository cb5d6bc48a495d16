namespace AIInfra.Vendors.Nvidia;

/// <summary>What comes first when several faults of a GPU come within seconds: the one that the others follow from.</summary>
/// <remarks>See <see cref="AIInfra.Core.Health.ProblemReport.Rank"/>; the order is this project's own. An Xid 48 of an uncorrectable error
/// comes with 95 or 94, and 45 with anything that ends a program's work, so that 45 and 43 head an incident only alone.</remarks>
internal static class NvidiaRank
{
    /// <summary>The driver cannot reach the GPU: only the Xid that says why says more.</summary>
    public const int Lost = 980;

    /// <summary>Null for a code that has no place of its own among the others: then its severity counts.</summary>
    public static int? Of(long xid) => xid switch
    {
        79 => 1000,
        95 or 140 or 158 => 950,
        119 or 120 => 900,
        48 => 850,
        64 => 800,
        74 or (>= 144 and <= 150) => 750,
        62 or 109 => 700,
        94 => 650,
        63 => 300,
        13 or 31 => 150,
        43 or 45 => 0,
        _ => null,
    };
}
