using System.Globalization;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Probes;
using AIInfra.Core.Sampling;

namespace AIInfra.Vendors.Nvidia.Probes;

/// <summary>NVLinks whose error counters grow, out of the readings that are taken anyway. What they counted before is no fault of today.</summary>
internal sealed class NvidiaLinkErrorProbe(ProbeParts parts) : Probe
{
    private const string Id = "nvidia.nvlink-errors";
    private static readonly int[] Places = [.. Enumerable.Range(0, NvidiaLinkErrors.MostLinks).Select(link => NvidiaFields.Table[NvidiaLinkErrors.OfLink(link)])];
    private static readonly int Failed = NvidiaFields.Table["nvlink_failed_recoveries_total"];

    private readonly Dictionary<string, (double?[] Counts, double? Failed, long At)> _before = new(StringComparer.Ordinal);

    public static ProbeDefinition Definition { get; } = new(
        "nvlinkErrors", "Errors that NVLinks count, link by link, from one look to the next.", TimeSpan.FromMinutes(2), parts => new NvidiaLinkErrorProbe(parts))
    {
        Problems = [Id],
        BadToRaise = 2,
        GoodToClear = 10,
        Limits = [new ProbeLimit("errorsPerMinute", 0, 1_000_000, 10, "Errors a minute that one link may count.")],
    };

    public override Task<ProbeRound> LookAsync(CancellationToken cancellationToken)
    {
        var sample = parts.Samples.Current.Value.Vendors.FirstOrDefault(vendor => vendor.Fields.Vendor == NvidiaFields.Table.Vendor);
        var linked = (sample?.Devices ?? []).Where(device => Places.Any(place => device.Readings[place].IsPresent)).ToList();
        return Task.FromResult(linked.Count == 0 ? ProbeRound.Nothing("no GPU tells what its NVLinks count") : ProbeRound.Of(linked.Select(Judge).OfType<ProbeResult>()));
    }

    private ProbeResult Judge(DeviceSample device)
    {
        var subject = Subject.Device(device.DeviceId);
        var counts = Places.Select(place => Value(device.Readings[place])).ToArray();
        var failed = Value(device.Readings[Failed]);
        if (!_before.TryGetValue(device.DeviceId, out var before))
        {
            _before[device.DeviceId] = (counts, failed, device.Timestamp);
            return ProbeResult.Unknown(Id, subject, "the first look; growth is known from the second on");
        }
        if (device.Timestamp == before.At)
            return ProbeResult.Unknown(Id, subject, "no reading since the last look");
        _before[device.DeviceId] = (counts, failed, device.Timestamp);
        var minutes = parts.Time.GetElapsedTime(before.At, device.Timestamp).TotalMinutes;
        var bad = Enumerable.Range(0, Places.Length).Where(link => Growth(counts[link], before.Counts[link]) / minutes > parts.Limits["errorsPerMinute"])
            .Select(link => string.Create(CultureInfo.InvariantCulture, $"link {link}: +{Growth(counts[link], before.Counts[link])}")).ToList();
        if (Growth(failed, before.Failed) is > 0 and var lost)
            bad.Add(string.Create(CultureInfo.InvariantCulture, $"failed recoveries: +{lost}"));
        return bad.Count == 0 ? ProbeResult.Healthy(Id, subject, "no NVLink counts errors beyond its limit")
            : ProbeResult.Problem(Id, subject, Severity.Degraded, Cause.Fabric, SuggestedAction.Observe,
                "NVLinks of the GPU count errors: transfers are sent again and jobs over several GPUs slow down, or fail soon.",
                string.Create(CultureInfo.InvariantCulture, $"{string.Join(", ", bad)} in {minutes * 60:0} s"));
    }

    private static double? Value(Reading reading) => reading.IsPresent ? reading.Value : null;

    /// <summary>A smaller count is of a driver that was loaded anew.</summary>
    private static double Growth(double? now, double? before) => now is { } count && before is { } old && count > old ? count - old : 0;
}
