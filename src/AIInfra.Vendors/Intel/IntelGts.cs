using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.VendorFiles;

namespace AIInfra.Vendors.Intel;

/// <summary>One GT: a graphics or media part of a GPU with clocks and power states of its own.</summary>
/// <param name="Folder">Below it are its files, by the driver's names.</param>
/// <param name="Names">Of these files.</param>
/// <param name="Errors">Folder of its error counters.</param>
internal sealed record IntelGt(string Folder, int Tile, bool IsMedia, IntelGtNames Names, string Errors);

/// <summary>What a driver calls the files of a GT.</summary>
internal sealed record IntelGtNames(string Actual, string Requested, string Limit, string Most, string Idle, string Throttled, string ThrottledFor)
{
    public static readonly IntelGtNames Xe = new("freq0/act_freq", "freq0/cur_freq", "freq0/max_freq", "freq0/rp0_freq", "gtidle/idle_residency_ms", "freq0/throttle/status", "freq0/throttle/reason_");
    public static readonly IntelGtNames I915 = new("rps_act_freq_mhz", "rps_cur_freq_mhz", "rps_max_freq_mhz", "rps_RP0_freq_mhz", "rc6_residency_ms", "throttle_reason_status", "throttle_reason_");
    /// <summary>Of kernels before 5.18, which have one set for the whole GPU.</summary>
    public static readonly IntelGtNames I915Whole = new("gt_act_freq_mhz", "gt_cur_freq_mhz", "gt_max_freq_mhz", "gt_RP0_freq_mhz", "power/rc6_residency_ms", "gt_throttle_reason_status", "gt_throttle_reason_");
}

/// <summary>Finds the GTs of a GPU in sysfs. Blocks on it.</summary>
internal static class IntelGts
{
    private const int MostGts = 16;

    /// <param name="folder">The GPU's PCI function.</param>
    /// <param name="card">Its DRM card, <c>card0</c>; null for none.</param>
    /// <param name="isIntegrated">Of such a GPU a second GT of i915 is for media; of a board it is a tile.</param>
    public static ImmutableArray<IntelGt> Find(KernelTree sys, string folder, string? card, bool isIntegrated)
    {
        ImmutableArray<IntelGt> gts =
        [
            .. from tile in sys.Names(folder) where IsNumbered(tile, "tile")
               from gt in sys.Names($"{folder}/{tile}") where IsNumbered(gt, "gt")
               let own = $"{folder}/{tile}/{gt}"
               select new IntelGt(own, Number(tile), sys.Text($"{own}/gtidle/name")?.EndsWith("-mc", StringComparison.Ordinal) == true, IntelGtNames.Xe, $"{own}/error_counter"),
        ];
        if (!gts.IsEmpty || card is null)
            return [.. gts.Take(MostGts)];
        var drm = $"{folder}/drm/{card}";
        gts = [.. sys.Names($"{drm}/gt").Where(gt => IsNumbered(gt, "gt")).Take(MostGts)
            .Select(gt => new IntelGt($"{drm}/gt/{gt}", isIntegrated ? 0 : Number(gt), isIntegrated && Number(gt) > 0, IntelGtNames.I915, $"{drm}/gt/{gt}/error_counter"))];
        return gts.IsEmpty ? [new IntelGt(drm, 0, false, IntelGtNames.I915Whole, $"{drm}/error_counter")] : gts;
    }

    private static bool IsNumbered(string name, string head) => name.Length > head.Length && name.Length <= head.Length + 3 && name.StartsWith(head, StringComparison.Ordinal) && name.AsSpan(head.Length).ContainsAnyExceptInRange('0', '9') == false;

    private static int Number(string name) => int.Parse(name.AsSpan(name.AsSpan().IndexOfAnyInRange('0', '9')), NumberStyles.None, CultureInfo.InvariantCulture);
}
