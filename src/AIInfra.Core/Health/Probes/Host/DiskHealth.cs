using System.Text.Json;
using AIInfra.Core.Hosting;

namespace AIInfra.Core.Health.Probes.Host;

/// <summary>What a disk says of itself, by smartctl or nvme. Null: not said.</summary>
/// <param name="HasPassed">Its own verdict.</param>
/// <param name="BadSectors">Sectors that wait to be replaced or could not be.</param>
/// <param name="Warnings">NVMe's critical warning bits.</param>
/// <param name="MediaErrors">Lifetime count.</param>
internal sealed record DiskHealth(bool? HasPassed, long? BadSectors, int? Warnings, int? SparePercent, int? SpareThreshold, int? UsedPercent, long? MediaErrors)
{
    private const int Pending = 197, OfflineUncorrectable = 198; // ATA attribute numbers

    /// <summary>Output of <c>smartctl --json</c>. Null when it is none, or says nothing of a disk's health.</summary>
    public static DiskHealth? OfSmartctl(string json) => Read(json, root =>
    {
        var passed = Find(root, "smart_status", "passed") is { ValueKind: JsonValueKind.True or JsonValueKind.False } verdict ? verdict.GetBoolean() : (bool?)null;
        if (Find(root, "nvme_smart_health_information_log") is { ValueKind: JsonValueKind.Object } log)
            return new DiskHealth(passed, null, Int(log, "critical_warning"), Int(log, "available_spare"), Int(log, "available_spare_threshold"), Int(log, "percentage_used"), Long(log, "media_errors"));
        long? bad = null;
        if (Find(root, "ata_smart_attributes", "table") is { ValueKind: JsonValueKind.Array } table)
        {
            foreach (var attribute in table.EnumerateArray().Where(attribute => attribute.ValueKind == JsonValueKind.Object && Int(attribute, "id") is Pending or OfflineUncorrectable))
                bad = Math.Max(bad ?? 0, Find(attribute, "raw", "value") is { ValueKind: JsonValueKind.Number } raw && raw.TryGetInt64(out var count) ? count & 0xffff_ffff : 0);
        }
        return passed is null && bad is null ? null : new DiskHealth(passed, bad, null, null, null, null, null);
    });

    /// <summary>Output of <c>nvme smart-log --output-format=json</c>.</summary>
    public static DiskHealth? OfNvme(string json) => Read(json, root =>
    {
        var warnings = Int(root, "critical_warning") ?? (Find(root, "critical_warning") is { ValueKind: JsonValueKind.Object } bits ? Int(bits, "value") : null);
        return warnings is null ? null : new DiskHealth(null, null, warnings, Int(root, "avail_spare"), Int(root, "spare_thresh"), Int(root, "percent_used") ?? Int(root, "percentage_used"), Long(root, "media_errors"));
    });

    private static DiskHealth? Read(string json, Func<JsonElement, DiskHealth?> read)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object ? read(document.RootElement) : null;
        }
        catch (Exception fault) when (BrokenJson.IsTold(fault))
        {
            return null;
        }
    }

    private static JsonElement? Find(JsonElement from, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            if (from.ValueKind != JsonValueKind.Object || !from.TryGetProperty(name, out from))
                return null;
        }
        return from;
    }

    private static int? Int(JsonElement from, string name) => Find(from, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var number) ? number : null;

    /// <summary>nvme writes 128-bit counters as numbers or as texts; one that does not fit counts as the largest.</summary>
    private static long? Long(JsonElement from, string name) => Find(from, name) switch
    {
        { ValueKind: JsonValueKind.Number } value => value.TryGetInt64(out var number) ? number : long.MaxValue,
        { ValueKind: JsonValueKind.String } text when long.TryParse(text.GetString(), out var number) => number,
        _ => null,
    };
}
