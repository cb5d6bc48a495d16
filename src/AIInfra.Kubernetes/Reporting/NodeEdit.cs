using System.Collections.Immutable;
using AIInfra.Kubernetes.Api;

namespace AIInfra.Kubernetes.Reporting;

/// <summary>A change to the node's object as it was read. Refused as a whole when it is not that one any more: nothing that somebody else wrote meanwhile is lost.</summary>
internal sealed class NodeEdit
{
    private readonly ImmutableArray<JsonPatchStep>.Builder _steps = ImmutableArray.CreateBuilder<JsonPatchStep>();
    private readonly HashSet<string> _notes;
    private readonly List<NodeTaint> _taints;
    private bool _hasAnnotations;

    public NodeEdit(NodeSnapshot now)
    {
        _steps.Add(JsonPatchStep.Test("/metadata/resourceVersion", now.Version));
        _notes = [.. now.Annotations.Keys];
        _taints = [.. now.Taints];
        _hasAnnotations = !now.Annotations.IsEmpty;
    }

    /// <summary>True while nothing is to be written.</summary>
    public bool IsEmpty => _steps.Count == 1;

    /// <summary>Sets an annotation.</summary>
    public NodeEdit Note(string key, string value)
    {
        _steps.Add(_hasAnnotations
            ? JsonPatchStep.Add(PathOf(key), value, ApiJson.Default.String)
            : JsonPatchStep.Add("/metadata/annotations", ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal).Add(key, value), ApiJson.Default.ImmutableSortedDictionaryStringString));
        _hasAnnotations = true;
        _notes.Add(key);
        return this;
    }

    /// <summary>Removes an annotation, if it is there.</summary>
    public NodeEdit Unnote(string key)
    {
        if (_notes.Remove(key))
            _steps.Add(JsonPatchStep.Remove(PathOf(key)));
        return this;
    }

    public NodeEdit Cordon()
    {
        _steps.Add(JsonPatchStep.Add("/spec/unschedulable", true, ApiJson.Default.Boolean));
        return this;
    }

    /// <summary>Of a node that is unschedulable.</summary>
    public NodeEdit Uncordon()
    {
        _steps.Add(JsonPatchStep.Remove("/spec/unschedulable"));
        return this;
    }

    public NodeEdit AddTaint(NodeTaint taint)
    {
        _steps.Add(_taints.Count == 0 ? JsonPatchStep.Add("/spec/taints", [taint], ApiJson.Default.ImmutableArrayNodeTaint) : JsonPatchStep.Add("/spec/taints/-", taint, ApiJson.Default.NodeTaint));
        _taints.Add(taint);
        return this;
    }

    /// <summary>Removes that one, if it is there; the others are not written, not even with what they say already.</summary>
    public NodeEdit RemoveTaint(string key, string effect)
    {
        var place = _taints.FindIndex(taint => taint.Key == key && taint.Effect == effect);
        if (place < 0)
            return this;
        _taints.RemoveAt(place);
        _steps.Add(JsonPatchStep.Remove($"/spec/taints/{place}"));
        return this;
    }

    public ApiPatch ToPatch() => ApiPatch.Json(_steps.ToImmutable());

    private static string PathOf(string annotation) => $"/metadata/annotations/{annotation.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}";
}
