using System.Collections.Frozen;
using System.Text.Json;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>What the kubelet wrote down of the devices that it gave to pods: unlike its pod-resources service it names the pods' UIDs, and ordinary init
/// containers too. The file is the kubelet's own business, so it is believed only where it makes us more careful.</summary>
/// <param name="ByPod">Ids by the pod's UID; also pods that ended and that the kubelet has not tidied up.</param>
/// <param name="ByResource">The same ids by their resource.</param>
internal sealed record KubeletCheckpoint(FrozenDictionary<string, FrozenSet<string>> ByPod, FrozenDictionary<string, FrozenSet<string>> ByResource)
{
    private const string FileName = "kubelet_internal_checkpoint";
    private const int LargestFile = 32 << 20;

    /// <summary>Of a kubelet that wrote none.</summary>
    public static KubeletCheckpoint Empty { get; } = new(FrozenDictionary<string, FrozenSet<string>>.Empty, FrozenDictionary<string, FrozenSet<string>>.Empty);

    public bool Names(string id) => ByPod.Values.Any(ids => ids.Contains(id));

    /// <summary>Null when there is a file that cannot be understood.</summary>
    /// <remarks>Source: kubernetes pkg/kubelet/cm/devicemanager/checkpoint, 1.36: Data.PodDeviceEntries, ids by NUMA node.</remarks>
    public static KubeletCheckpoint? Read(string pluginFolder)
    {
        try
        {
            var file = new FileInfo(Path.Combine(pluginFolder, FileName));
            if (!file.Exists)
                return Empty;
            if (file.Length > LargestFile)
                return null;
            using var document = JsonDocument.Parse(File.ReadAllBytes(file.FullName));
            var entries = document.RootElement.GetProperty("Data").GetProperty("PodDeviceEntries");
            if (entries.ValueKind == JsonValueKind.Null)
                return Empty;
            var given = entries.EnumerateArray()
                .SelectMany(entry => entry.GetProperty("DeviceIDs").EnumerateObject().SelectMany(node => node.Value.EnumerateArray())
                    .Select(id => (Pod: entry.GetProperty("PodUID").GetString() ?? "", Resource: entry.GetProperty("ResourceName").GetString() ?? "", Id: id.GetString() ?? "")))
                .ToArray();
            return new KubeletCheckpoint(Group(given, pair => pair.Pod), Group(given, pair => pair.Resource));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    private static FrozenDictionary<string, FrozenSet<string>> Group((string Pod, string Resource, string Id)[] given, Func<(string Pod, string Resource, string Id), string> key) =>
        given.GroupBy(key, pair => pair.Id, StringComparer.Ordinal)
            .ToFrozenDictionary(group => group.Key, group => group.ToFrozenSet(StringComparer.Ordinal), StringComparer.Ordinal);
}
