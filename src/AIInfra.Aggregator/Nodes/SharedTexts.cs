using System.Collections.Immutable;

namespace AIInfra.Aggregator.Nodes;

/// <summary>A record that was read from the store has a copy of its own of every text; here it gets those that others have already. A node of 8 linked devices is then
/// a third as large. Texts that an older row lacks become empty.</summary>
internal static class SharedTexts
{
    /// <param name="node">Whole: no list is missing.</param>
    public static NodeRecord Share(this TextPool pool, NodeRecord node)
    {
        var names = new OwnNames(node);
        return node with
        {
            Facts = Facts(pool, node.Facts),
            Devices = [.. node.Devices.Select(device => Device(pool, names, device))],
            Problems = [.. node.Problems.Select(problem => Problem(pool, names, problem))],
            Workloads = [.. node.Workloads.Select(workload => workload with
            {
                Namespace = pool.Any(workload.Namespace),
                Job = pool.Any(workload.Job),
                Devices = workload.Devices.IsDefault ? [] : [.. workload.Devices.Select(names.Of)],
            })],
            Operations = [.. node.Operations.Select(step => step with
            {
                Action = pool.Any(step.Action),
                State = pool.Any(step.State),
                Outcome = pool.Any(step.Outcome),
                Ladder = pool.Any(step.Ladder),
                Grant = step.Grant ?? "",
                Says = step.Says ?? "",
                Problem = Key(pool, names, step.Problem),
            })],
        };
    }

    private static NodeFacts Facts(TextPool pool, NodeFacts facts) => facts with
    {
        Labels = Texts(pool, facts.Labels),
        NotReady = Texts(pool, facts.NotReady),
        Vendors = facts.Vendors.IsDefault ? [] : [.. facts.Vendors.Select(vendor => new VendorRecord(
            pool.Any(vendor.Name), pool.Any(vendor.State), pool.Any(vendor.Reason), pool.Any(vendor.DriverVersion), pool.Any(vendor.LibraryVersion)))],
        Remediation = pool.Any(facts.Remediation),
        AgentVersion = pool.Any(facts.AgentVersion),
        Image = pool.Any(facts.Image),
        Kernel = pool.Any(facts.Kernel),
    };

    private static DeviceRecord Device(TextPool pool, OwnNames names, DeviceRecord device) => device with
    {
        Id = names.Of(device.Id),
        Vendor = pool.Any(device.Vendor),
        Model = pool.Any(device.Model),
        Resource = pool.Any(device.Resource),
        PciAddress = pool.Any(device.PciAddress),
        Serial = device.Serial ?? "",
        Parent = names.Of(device.Parent ?? ""),
        Profile = pool.Any(device.Profile),
        Links = device.Links.IsDefault ? [] : [.. device.Links.Select(link => new LinkRecord(names.Of(link.Peer), pool.Any(link.Kind), link.Count))],
    };

    private static ProblemRecord Problem(TextPool pool, OwnNames names, ProblemRecord problem) => problem with
    {
        Key = Key(pool, names, problem.Key),
        Message = pool.Any(problem.Message),
        Incident = problem.Incident ?? "",
        Headline = pool.Any(problem.Headline),
    };

    private static ProblemKey Key(TextPool pool, OwnNames names, ProblemKey key) =>
        key.Id is null ? key : new ProblemKey(pool.Any(key.Id), key.Subject with { Id = names.Of(key.Subject.Id ?? "") });

    private static ImmutableSortedDictionary<string, string> Texts(TextPool pool, ImmutableSortedDictionary<string, string>? texts) => texts is null or { IsEmpty: true }
        ? ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal)
        : texts.Select(entry => KeyValuePair.Create(pool.Any(entry.Key), pool.Any(entry.Value))).ToImmutableSortedDictionary(StringComparer.Ordinal);

    /// <summary>Uncut: it was cut when it came in.</summary>
    private static string Any(this TextPool pool, string? text) => text is null ? "" : pool.Of(text, int.MaxValue);
}
