using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AIInfra.Core.Cdi;

/// <summary>One file of the Container Device Interface: devices of one kind and what a runtime changes in a container that gets them.</summary>
/// <remarks>Lists that are not set are not written: an older reader refuses a file for a field that it does not know.
/// Network devices and Intel's RDT are left out, since nothing here gives them to a container.</remarks>
public sealed record CdiSpec
{
    /// <summary>See <see cref="CdiVersion.Lowest"/>.</summary>
    [JsonPropertyOrder(-1)]
    public string CdiVersion => Cdi.CdiVersion.Lowest(this);
    /// <summary><c>vendor/class</c>.</summary>
    public required string Kind { get; init; }
    /// <summary>At least one, names unique.</summary>
    public required ImmutableArray<CdiDevice> Devices { get; init; }
    /// <summary>Done once for a container, however many of the devices it gets.</summary>
    public CdiEdits? ContainerEdits { get; init; }

    /// <summary>The same for the same content, to the byte.</summary>
    public byte[] ToJson() => [.. JsonSerializer.SerializeToUtf8Bytes(this, CdiJson.Default.CdiSpec), (byte)'\n'];
}

/// <param name="Name">See <see cref="CdiName.FaultOfDevice"/>.</param>
/// <param name="ContainerEdits">Not empty: readers drop the whole file for one device that changes nothing.</param>
public sealed record CdiDevice(string Name, CdiEdits ContainerEdits);

public sealed record CdiEdits
{
    /// <summary><c>NAME=value</c>.</summary>
    public ImmutableArray<string> Env { get; init; }
    public ImmutableArray<CdiDeviceNode> DeviceNodes { get; init; }
    public ImmutableArray<CdiHook> Hooks { get; init; }
    public ImmutableArray<CdiMount> Mounts { get; init; }
    /// <summary>Since 0.7.0.</summary>
    public ImmutableArray<uint> AdditionalGids { get; init; }

    [JsonIgnore]
    public bool IsEmpty => Env.IsDefaultOrEmpty && DeviceNodes.IsDefaultOrEmpty && Hooks.IsDefaultOrEmpty && Mounts.IsDefaultOrEmpty && AdditionalGids.IsDefaultOrEmpty;

    /// <summary>All of the edits, each once, in the order in which they first come.</summary>
    public static CdiEdits Merge(IEnumerable<CdiEdits> edits)
    {
        var all = edits.ToArray();
        return new CdiEdits
        {
            Env = Joined(all, one => one.Env, value => value),
            DeviceNodes = Joined(all, one => one.DeviceNodes, node => node.Path),
            Hooks = Joined(all, one => one.Hooks, hook => string.Join('\0', hook.Args.IsDefault ? [hook.Path] : hook.Args)),
            Mounts = Joined(all, one => one.Mounts, mount => mount.ContainerPath),
            AdditionalGids = Joined(all, one => one.AdditionalGids, gid => gid),
        };
    }

    private static ImmutableArray<T> Joined<T, TKey>(CdiEdits[] edits, Func<CdiEdits, ImmutableArray<T>> list, Func<T, TKey> key)
    {
        ImmutableArray<T> joined = [.. edits.Select(list).Where(items => !items.IsDefault).SelectMany(items => items).DistinctBy(key)];
        return joined.IsEmpty ? default : joined;
    }
}

/// <summary>A device node. Without type and numbers the runtime looks at the host's node when it makes the container, so that they are
/// right after the driver was loaded anew, and does not follow links there.</summary>
/// <param name="Path">In the container.</param>
public sealed record CdiDeviceNode(string Path)
{
    /// <summary>On the host; null when it is the same. Since 0.5.0.</summary>
    public string? HostPath { get; init; }
    /// <summary><c>b</c>, <c>c</c>, <c>u</c> or <c>p</c>.</summary>
    public string? Type { get; init; }
    public long Major { get; init; }
    public long Minor { get; init; }
    public uint? FileMode { get; init; }
    /// <summary>A subset of <c>rwm</c>; null is all.</summary>
    public string? Permissions { get; init; }
    public uint? Uid { get; init; }
    public uint? Gid { get; init; }
}

public sealed record CdiMount(string HostPath, string ContainerPath, ImmutableArray<string> Options)
{
    /// <summary>Since 0.4.0.</summary>
    public string? Type { get; init; }
}

/// <summary>A program of the host that the runtime starts.</summary>
/// <param name="HookName">When: <c>createContainer</c> and others.</param>
/// <param name="Path">On the host.</param>
/// <param name="Args">With the program's name first.</param>
public sealed record CdiHook(string HookName, string Path, ImmutableArray<string> Args)
{
    public ImmutableArray<string> Env { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(CdiSpec))]
internal sealed partial class CdiJson : JsonSerializerContext;
