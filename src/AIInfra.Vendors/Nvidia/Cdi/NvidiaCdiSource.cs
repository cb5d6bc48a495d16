using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Cdi;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Linux.Files;

namespace AIInfra.Vendors.Nvidia.Cdi;

/// <summary>Writes NVIDIA boards and partitions as CDI specs, with what the container toolkit would put there for the driver on the host.</summary>
/// <remarks>Answers name the kind of NVIDIA's device plugin: what pods got from it before the change-over stays good, also after a boot,
/// and what they get now stays good if it ever comes back.</remarks>
public sealed class NvidiaCdiSource(HostPaths host, NvidiaCdiOptions options) : ICdiSource
{
    private const string PluginVendor = "k8s.device-plugin.nvidia.com";

    /// <summary>The kind that answers to the kubelet name.</summary>
    public const string OwnKind = $"{PluginVendor}/gpu";
    /// <summary>The kind that people and other programs name; the toolkit's own files define it, too.</summary>
    public const string CommonKind = "nvidia.com/gpu";

    private static readonly ImmutableArray<string> DriverRoots = ["/", "/run/nvidia/driver"];

    public string Vendor => NvidiaFields.Table.Vendor;

    public ImmutableArray<string> Kinds =>
        [OwnKind, CommonKind, $"{PluginVendor}/gds", $"{PluginVendor}/mofed", $"{PluginVendor}/gdrcopy", $"{PluginVendor}/imex-channel"];

    public CdiOffer Describe(VendorInventory inventory)
    {
        if (inventory.Devices.IsEmpty)
            return CdiOffer.Nothing("there is no NVIDIA device on the node");
        var version = (inventory.State == VendorState.Ready ? inventory.DriverVersion : null) ?? NvidiaDriverFiles.LoadedVersion(host) ?? inventory.DriverVersion;
        if (version is null || !NvidiaDriverFiles.IsVersion(version))
            return CdiOffer.Nothing("the version of the NVIDIA driver is not known: is it loaded on the host");

        ImmutableArray<string> roots = options.DriverRoot is { } given ? [given] : DriverRoots;
        if (roots.Select(root => NvidiaDriverFiles.Find(host, root, version)).OfType<NvidiaDriverFiles>().FirstOrDefault() is not { } files)
        {
            return CdiOffer.Nothing($"the libraries of NVIDIA driver {version} (libcuda.so.{version}, libnvidia-ml.so.{version}) are not on the host below {string.Join(" or ", roots)}; "
                + "install them, or name the driver's root");
        }
        NvidiaHookProgram? hooks = null;
        if (!options.DisabledHooks.Contains(NvidiaHookProgram.All))
        {
            hooks = NvidiaHookProgram.Find(new RootedFiles(host.Root), options.HookPath, out var fault);
            if (hooks is null)
                return CdiOffer.Nothing(fault!);
        }
        return Describe(inventory, files, hooks);
    }

    private CdiOffer Describe(VendorInventory inventory, NvidiaDriverFiles files, NvidiaHookProgram? hooks)
    {
        var nodes = new NvidiaNodes(host);
        var capabilities = nodes.ReadCapabilities();
        var divided = inventory.Devices.Select(device => device.ParentId).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var devices = new List<CdiDevice>();
        var (names, whole) = (ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal), new List<CdiEdits>());
        string? absence = null;
        foreach (var device in inventory.Devices)
        {
            var (found, links) = nodes.Of(device, capabilities, out var fault);
            fault ??= CdiName.FaultOfDevice(device.Id) is { } bad ? $"{device.Id} is not a CDI device: {bad}" : null;
            if (fault is not null)
            {
                absence ??= fault;
                continue;
            }
            var edits = new CdiEdits { DeviceNodes = found, Hooks = LinkHooks(hooks, links) };
            devices.Add(new CdiDevice(device.Id, edits));
            if (device.Partition is null)
                devices.Add(new CdiDevice(device.Index.ToString(CultureInfo.InvariantCulture), edits));
            if (!divided.Contains(device.Id))
                whole.Add(edits);
            names[device.Id] = CdiName.Qualified(OwnKind, device.Id);
        }
        if (devices.Count == 0)
            return CdiOffer.Nothing(absence!);
        if (whole.Count > 0)
            devices.Add(new CdiDevice("all", CdiEdits.Merge(whole)));

        var common = files.Edits(hooks, options.DisabledHooks) with { DeviceNodes = nodes.Control is { IsEmpty: false } control ? control : default };
        ImmutableArray<CdiDevice> distinct = [.. devices.DistinctBy(device => device.Name)];
        var (kinds, extras) = Extras(nodes);
        kinds.Add(new CdiKind(new CdiSpec { Kind = OwnKind, Devices = distinct, ContainerEdits = common }, IsOwn: true));
        kinds.Add(new CdiKind(new CdiSpec { Kind = CommonKind, Devices = distinct, ContainerEdits = common }, IsOwn: false));
        return new CdiOffer([.. kinds], names.ToImmutable(), extras, absence);
    }

    private ImmutableArray<CdiHook> LinkHooks(NvidiaHookProgram? hooks, ImmutableArray<string> links) =>
        !links.IsEmpty && !options.DisabledHooks.Contains(NvidiaHookProgram.CreateSymlinks)
            && hooks?.Hook(NvidiaHookProgram.CreateSymlinks, links.SelectMany(link => new[] { "--link", link })) is { } hook ? [hook] : default;

    /// <summary>What NVIDIA's plugin gives beside boards, where it is asked for and there.</summary>
    private (List<CdiKind> Kinds, ImmutableDictionary<string, string> Names) Extras(NvidiaNodes nodes)
    {
        var (kinds, names) = (new List<CdiKind>(), ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal));
        if (options.Gds)
            Add("gds", [("all", new CdiEdits { DeviceNodes = nodes.Matching("", "nvidia-fs*"), Mounts = [.. Mounts("/etc/cufile.json", "/run/udev")] })]);
        if (options.Mofed)
            Add("mofed", [("all", new CdiEdits { DeviceNodes = [.. nodes.Matching("infiniband", "uverbs*"), .. nodes.Matching("infiniband", "rdma_cm")] })]);
        if (options.GdrCopy)
            Add("gdrcopy", [("all", new CdiEdits { DeviceNodes = nodes.Matching("", "gdrdrv") })]);
        Add("imex-channel", options.ImexChannels.Select(channel => ($"{channel}", new CdiEdits { DeviceNodes = nodes.Matching("nvidia-caps-imex-channels", $"channel{channel}") })));
        return (kinds, names.ToImmutable());

        void Add(string @class, IEnumerable<(string Name, CdiEdits Edits)> devices)
        {
            ImmutableArray<CdiDevice> there = [.. devices.Where(device => !device.Edits.DeviceNodes.IsEmpty).Select(device => new CdiDevice(device.Name, device.Edits))];
            if (there.IsEmpty)
                return;
            var kind = $"{PluginVendor}/{@class}";
            kinds.Add(new CdiKind(new CdiSpec { Kind = kind, Devices = there }, IsOwn: true));
            foreach (var device in there)
                names[device.Name == "all" ? @class : $"{@class}.{device.Name}"] = CdiName.Qualified(kind, device.Name);
        }
    }

    private IEnumerable<CdiMount> Mounts(params string[] paths)
    {
        var files = new RootedFiles(host.Root);
        return paths.Where(path => files.Resolve(path) is not null).Select(path => new CdiMount(path, path, ["ro", "nosuid", "nodev", "rbind", "rprivate"]));
    }
}
