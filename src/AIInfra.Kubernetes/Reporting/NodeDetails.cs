using System.Collections.Immutable;
using System.Text.Json;
using AIInfra.Core.Hosting;
using AIInfra.Core.VendorHost;
using AIInfra.Kubernetes.Api;
using AIInfra.Kubernetes.DevicePlugin;
using Microsoft.Extensions.Logging;

namespace AIInfra.Kubernetes.Reporting;

/// <summary>The node's feature labels, as the agent finds them; empty until it knows its devices.</summary>
public sealed record FeatureLabels(Latest<ImmutableSortedDictionary<string, string>> Current);

/// <summary>Keeps the agent's labels and annotations on the node, in one patch, and only where something differs.</summary>
/// <remarks>Which labels are the agent's stands in an annotation; others are never changed, with one exception: while a vendor is released,
/// the labels that switch its operator's operands off (<see cref="OperandPause"/>).</remarks>
internal sealed partial class NodeDetails(
    ApiClient client, NodeBoard node, FeatureLabels labels, VendorReleases releases, VendorPauses pauses, NpdConditions npd, WorkerBoard parts, TimeProvider time,
    Func<double> random, ILogger<NodeDetails> logger)
{
    /// <summary>Name of the part in /readyz.</summary>
    public const string Part = "kubernetes labels";

    /// <summary>The labels that this agent wrote.</summary>
    public const string OwnedAnnotation = ReportingOptions.Prefix + "labels";

    /// <summary>Node Feature Discovery's list of the labels that are its own.</summary>
    private const string NfdAnnotation = "nfd.node.kubernetes.io/feature-labels";

    private static readonly TimeSpan Between = TimeSpan.FromSeconds(5);

    private readonly ReportingPart _part = new(Part, parts, logger);
    private readonly Backoff _backoff = Backoff.ForLoops(random);
    private readonly HashSet<string> _left = new(StringComparer.Ordinal);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var (state, wanted, released) = (node.Current.Value, labels.Current.Value, releases.Current.Value);
            if (await StepAsync(state.Node, wanted, [.. released.Keys], cancellationToken) is { } wait)
                await Task.Delay(wait, time, cancellationToken);
            else
                await FirstOf.WaitAsync(cancellationToken,
                    token => node.Current.WaitForChangeAsync(state, token),
                    token => labels.Current.WaitForChangeAsync(wanted, token),
                    token => releases.Current.WaitForChangeAsync(released, token));
        }
    }

    /// <returns>How long to wait before anything else is written; null when all is as it should be.</returns>
    private async Task<TimeSpan?> StepAsync(NodeSnapshot? now, ImmutableSortedDictionary<string, string> wanted, ImmutableHashSet<string> released, CancellationToken cancellationToken)
    {
        if (now is null)
            return null;
        var change = Change(now, wanted, released);
        if (change is null)
        {
            pauses.Paused(released);
            return null;
        }
        try
        {
            var patch = ApiPatch.Merge(new MetadataPatch { Metadata = change }, ApiJson.Default.MetadataPatch);
            node.Take(NodeSnapshot.Of(await client.PatchAsync(ApiResources.Nodes, null, now.Name, null, patch, cancellationToken)));
            pauses.Paused(released);
            _part.Good();
            _backoff.Reset();
            return Between;
        }
        catch (ApiException fault)
        {
            _part.Bad(fault);
            return _backoff.Next(fault.RetryAfter);
        }
    }

    /// <returns>Null when nothing differs.</returns>
    internal MetadataChange? Change(NodeSnapshot now, ImmutableSortedDictionary<string, string> wanted, ImmutableHashSet<string> released)
    {
        var (labelChanges, notes) = (new SortedDictionary<string, string?>(StringComparer.Ordinal), new SortedDictionary<string, string?>(StringComparer.Ordinal));
        AddLabels(now, wanted, labelChanges, notes);
        Set(notes, now.Annotations, ConditionReporter.OwnedAnnotation, string.Join(',', npd.Types.Concat(npd.Stale(now))));
        OperandPause.Add(now, released, labelChanges, notes);
        return labelChanges.Count + notes.Count == 0 ? null : new MetadataChange { Labels = labelChanges.Count > 0 ? labelChanges : null, Annotations = notes.Count > 0 ? notes : null };
    }

    private void AddLabels(NodeSnapshot now, ImmutableSortedDictionary<string, string> wanted, SortedDictionary<string, string?> changes, SortedDictionary<string, string?> notes)
    {
        var ours = List(now.Annotations.GetValueOrDefault(OwnedAnnotation));
        var others = List(now.Annotations.GetValueOrDefault(NfdAnnotation));
        var keep = wanted.Where(label => ours.Contains(label.Key) || !others.Contains(label.Key)).ToList();
        foreach (var label in wanted.Where(label => !ours.Contains(label.Key) && others.Contains(label.Key) && now.Labels.GetValueOrDefault(label.Key) != label.Value && _left.Add(label.Key)))
            LogLeft(label.Key, now.Labels.GetValueOrDefault(label.Key) ?? "", label.Value);
        foreach (var (key, value) in keep)
            Set(changes, now.Labels, key, value);
        foreach (var key in ours.Where(key => wanted.ContainsKey(key) == false && now.Labels.ContainsKey(key)))
            changes[key] = null;
        var owned = string.Join(',', keep.Select(label => label.Key));
        Set(notes, now.Annotations, OwnedAnnotation, owned.Length > 0 ? owned : null);
    }

    private static void Set(SortedDictionary<string, string?> changes, ImmutableSortedDictionary<string, string> now, string key, string? value)
    {
        if (now.GetValueOrDefault(key) != value)
            changes[key] = value;
    }

    private static HashSet<string> List(string? text) =>
        (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).ToHashSet(StringComparer.Ordinal);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Label {Label} is Node Feature Discovery's and says {There}; the agent finds {Value}. It is left alone: switch GPU feature discovery off, or labels in the agent")]
    private partial void LogLeft(string label, string there, string value);
}

/// <summary>Asks the GPU operator's operands to stand aside while their vendor is released: <c>nvidia.com/gpu.deploy.*</c> is set to false, and back after.</summary>
internal static class OperandPause
{
    /// <summary>The labels that were changed and what they said before, as JSON: it outlives the agent.</summary>
    public const string Annotation = ReportingOptions.Prefix + "paused-operands";

    private const string Vendor = "nvidia", Off = "false";

    /// <summary>Operands that hold the devices. Driver and container toolkit are none: switching those off would remove what is to be changed.</summary>
    private static readonly string[] Operands =
    [
        "nvidia.com/gpu.deploy.dcgm", "nvidia.com/gpu.deploy.dcgm-exporter", "nvidia.com/gpu.deploy.device-plugin", "nvidia.com/gpu.deploy.gpu-feature-discovery",
        "nvidia.com/gpu.deploy.mig-manager", "nvidia.com/gpu.deploy.node-status-exporter", "nvidia.com/gpu.deploy.nvsm", "nvidia.com/gpu.deploy.operator-validator",
    ];

    /// <summary>Only labels that are there are changed, and only those that still say what was written are put back.</summary>
    public static void Add(NodeSnapshot now, ImmutableHashSet<string> released, SortedDictionary<string, string?> labels, SortedDictionary<string, string?> notes)
    {
        var paused = Read(now.Annotations.GetValueOrDefault(Annotation));
        if (released.Contains(Vendor))
        {
            var toPause = Operands.Where(label => now.Labels.GetValueOrDefault(label) is { } value && value != Off).ToList();
            if (toPause.Count == 0)
                return;
            foreach (var label in toPause)
                (paused, labels[label]) = (paused.SetItem(label, now.Labels[label]), Off);
            notes[Annotation] = JsonSerializer.Serialize(paused, ApiJson.Default.ImmutableSortedDictionaryStringString);
            return;
        }
        if (!now.Annotations.ContainsKey(Annotation))
            return;
        foreach (var (label, before) in paused)
        {
            if (now.Labels.GetValueOrDefault(label) == Off)
                labels[label] = before;
        }
        notes[Annotation] = null;
    }

    private static ImmutableSortedDictionary<string, string> Read(string? text)
    {
        try
        {
            var read = text is null ? null : JsonSerializer.Deserialize(text, ApiJson.Default.ImmutableSortedDictionaryStringString);
            return (read ?? ImmutableSortedDictionary<string, string>.Empty).Where(pair => Operands.Contains(pair.Key) && pair.Value is not null).ToImmutableSortedDictionary(StringComparer.Ordinal);
        }
        catch (JsonException)
        {
            return ImmutableSortedDictionary<string, string>.Empty; // somebody edited it
        }
    }
}
