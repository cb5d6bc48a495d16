using AIInfra.Core.Sampling;

namespace AIInfra.Core.Health.Probes.Fabric;

/// <summary>PCIe links that run below what both of their ends can do, also those of switches on the way.</summary>
/// <remarks>An accelerator slows its link to save power: its speed counts only while it has work. Lanes are not given up for that, so that
/// a width below what both ends can do is always a fault.</remarks>
internal sealed class PcieLinkProbe(ProbeParts parts) : Probe
{
    private const string Id = "pcie.link-degraded", LoadField = "utilization_ratio";
    private const double LeastLoad = 0.05;

    private readonly PcieTree _tree = new(parts.Host);

    public static ProbeDefinition Definition { get; } = new(
        "pcieLinks", "PCIe links of accelerators, network cards, NVMe disks and the switches above them that run with fewer lanes or slower than both ends can.",
        TimeSpan.FromMinutes(1), parts => new PcieLinkProbe(parts))
    {
        Problems = [Id],
        BadToRaise = 3,
        GoodToClear = 3,
    };

    public override Task<ProbeRound> LookAsync(CancellationToken cancellationToken)
    {
        var functions = _tree.Find();
        if (functions.Count == 0)
            return Task.FromResult(ProbeRound.Nothing("no accelerator, network card or NVMe disk is on the PCI bus"));
        var links = new Dictionary<string, PcieLink>(StringComparer.Ordinal);
        var results = functions.Select(function => Judge(function, functions, LinkOf)).OfType<ProbeResult>().ToList();
        results.AddRange(SwitchesAbove(functions).Select(way => JudgeSwitch(way.Port, way.Above, way.Below, LinkOf)).OfType<ProbeResult>());
        return Task.FromResult(results.Count == 0 ? ProbeRound.Nothing("no device on the PCI bus tells how it is linked") : ProbeRound.Of(results));

        PcieLink LinkOf(string address) => links.TryGetValue(address, out var known) ? known : links[address] = _tree.LinkOf(address);
    }

    private ProbeResult? Judge(PcieFunction function, List<PcieFunction> all, Func<string, PcieLink> linkOf)
    {
        var link = linkOf(function.Address);
        if (function.Above.Count == 0 || link.Width is not { } width || link.MaxWidth is not { } able)
            return null; // a part of the root itself has no link
        var (above, subject) = (linkOf(function.Above[0]), SubjectOf(function.Address));
        var siblings = all.Where(other => other != function && other.Kind == function.Kind).Select(other => linkOf(other.Address)).ToList();
        var wanted = Math.Min(able, above.MaxWidth ?? siblings.Max(other => other.Width) ?? able);
        var evidence = $"{function.Address}: {link}; {Describe(function.Above[0], above)}{Peers(siblings)}";
        if (width < wanted)
            return Bad(subject, $"The PCIe link of {function.Address} runs with {width} of {wanted} lanes: transfers take {(double)wanted / width:0.#} times as long.", evidence);
        if (link.SpeedGts is not { } speed || Least(link.MaxSpeedGts, above.MaxSpeedGts ?? siblings.Max(other => other.SpeedGts)) is not { } speedWanted || speed >= speedWanted)
            return ProbeResult.Healthy(Id, subject, evidence);
        if (function.IsAccelerator && !HasWork(function.Address))
            return ProbeResult.Unknown(Id, subject, $"{evidence}; the link is slow to save power, or the device has no work that is known of");
        return Bad(subject, FormattableString.Invariant($"The PCIe link of {function.Address} runs at {speed} of {speedWanted} GT/s."), evidence);
    }

    /// <summary>Each port of a switch that looks up, once, with the port above it and what hangs below it. A function's own link is judged with the function.</summary>
    private static IEnumerable<(string Port, string Above, int Below)> SwitchesAbove(List<PcieFunction> functions) => functions
        .SelectMany(function => Enumerable.Range(0, function.Above.Count).Where(at => at % 2 == 1 && at + 1 < function.Above.Count).Select(at => (Port: function.Above[at], Above: function.Above[at + 1])))
        .GroupBy(way => way).Select(way => (way.Key.Port, way.Key.Above, way.Count()));

    private static ProbeResult? JudgeSwitch(string port, string above, int below, Func<string, PcieLink> linkOf)
    {
        var (link, over) = (linkOf(port), linkOf(above));
        if (link is not { Width: { } width, MaxWidth: { } able } || over.MaxWidth is not { } most)
            return null;
        var (wanted, evidence) = (Math.Min(able, most), $"{port}: {link}; {Describe(above, over)}");
        return width >= wanted ? ProbeResult.Healthy(Id, Subject.Device(port), evidence)
            : Bad(Subject.Device(port), $"The PCIe switch at {port} is linked with {width} of {wanted} lanes: all {below} devices below it share what is left.", evidence);
    }

    private static ProbeResult Bad(Subject subject, string message, string evidence) =>
        ProbeResult.Problem(Id, subject, Severity.Degraded, Cause.Hardware, SuggestedAction.Observe, message, evidence);

    private Subject SubjectOf(string address) =>
        Subject.Device(parts.Inventory.Current.Value.Devices.FirstOrDefault(device => device.PciAddress == address && device.ParentId is null)?.Id ?? address);

    private bool HasWork(string address)
    {
        var id = SubjectOf(address).Id;
        foreach (var vendor in parts.Samples.Current.Value.Vendors)
        {
            if (vendor.Find(id) is { } sample && PlaceOf(vendor.Fields) is >= 0 and var place)
                return sample.Readings[place] is { IsPresent: true, Value: >= LeastLoad };
        }
        return false;
    }

    private static int PlaceOf(FieldTable fields)
    {
        for (var place = 0; place < fields.Count; place++)
        {
            if (fields.Fields[place].Name == LoadField)
                return place;
        }
        return -1;
    }

    private static double? Least(double? own, double? other) => own is { } one && other is { } two ? Math.Min(one, two) : null;

    private static string Describe(string address, PcieLink link) => FormattableString.Invariant($"port {address} able to {link.MaxSpeedGts} GT/s x{link.MaxWidth}");

    private static string Peers(List<PcieLink> siblings) =>
        siblings.Count == 0 ? "" : FormattableString.Invariant($"; {siblings.Count} alike run at up to {siblings.Max(other => other.SpeedGts)} GT/s x{siblings.Max(other => other.Width)}");
}
