using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AIInfra.Core.Cdi;
using AIInfra.Core.Devices;
using AIInfra.Core.Sharing;

namespace AIInfra.Vendors.Nvidia;

/// <summary>Hands GPUs and partitions to a container, by the list strategies of NVIDIA's device plugin. Where none is set, the host
/// decides: NVIDIA's container runtime is used if it is there, else CDI, else the bare device nodes.</summary>
/// <param name="host">Asked at each call; must not block.</param>
/// <param name="cdi">As above.</param>
internal sealed class NvidiaAllocator(NvidiaInjection options, Func<NvidiaHostView> host, Func<CdiNames> cdi) : IAllocator
{
    private const string Variable = "NVIDIA_VISIBLE_DEVICES", ImexVariable = "NVIDIA_IMEX_CHANNELS";
    private const string MountRoot = "/var/run/nvidia-container-devices", Null = "/dev/null";
    private const string AnnotationName = "aiinfra-agent_";

    public string Vendor => NvidiaFields.Table.Vendor;

    public AllocationSpec Allocate(OfferedResource resource, ImmutableArray<OfferedUnit> units)
    {
        ImmutableArray<Device> devices = [.. units.SelectMany(unit => unit.Devices).DistinctBy(device => device.Id)];
        var (view, names) = (host(), cdi());
        var (lists, passesNodes) = Choose(devices, view, names);
        var answer = new Answer(options, devices, Channels(view));
        if (lists.Any(IsCdi))
            answer.Cdi = Names(devices, names, lists.All(IsCdi));
        foreach (var list in lists)
            answer.Add(list);
        if (passesNodes)
            answer.AddNodes(new NvidiaDeviceSpecs(options, view).Of(devices, isEachNeeded: options.PassesDeviceNodes == true || view.Hook is null));
        return answer.ToSpec();
    }

    private (ImmutableArray<DeviceListStrategy> Lists, bool PassesNodes) Choose(ImmutableArray<Device> devices, NvidiaHostView view, CdiNames names)
    {
        if (!options.Lists.IsEmpty)
            return (options.Lists, options.PassesDeviceNodes == true && !options.Lists.All(IsCdi));
        var isCdi = view.Hook is null && devices.All(device => names.Of(device).Name is not null);
        return isCdi ? ([DeviceListStrategy.CdiCri], false) : ([DeviceListStrategy.EnvVar], options.PassesDeviceNodes ?? true);
    }

    /// <summary>Empty where the names are not there and the devices go another way as well.</summary>
    /// <exception cref="AllocationRefusedException">There is no other way.</exception>
    private ImmutableArray<string> Names(ImmutableArray<Device> devices, CdiNames names, bool isOnlyWay)
    {
        var found = ImmutableArray.CreateBuilder<string>();
        foreach (var device in devices)
        {
            var (name, absence) = names.Of(device);
            if (name is not null)
                found.Add(name);
            else if (isOnlyWay)
                throw new AllocationRefusedException($"device {device.Id} has no CDI name, by which flags.plugin.deviceListStrategy of the node's config asks to give it: {absence}");
            else
                return [];
        }
        foreach (var extra in Extras().Select(extra => names.Extras.GetValueOrDefault(extra)).OfType<string>())
            found.Add(extra);
        return found.ToImmutable();
    }

    private IEnumerable<string> Extras()
    {
        foreach (var channel in options.ImexChannels)
            yield return string.Create(CultureInfo.InvariantCulture, $"imex-channel.{channel}");
        if (options.HasGdrCopy)
            yield return "gdrcopy";
        if (options.HasGds)
            yield return "gds";
        if (options.HasMofed)
            yield return "mofed";
    }

    private ImmutableArray<string> Channels(NvidiaHostView view)
    {
        var found = ImmutableArray.CreateBuilder<string>();
        foreach (var channel in options.ImexChannels)
        {
            var name = channel.ToString(CultureInfo.InvariantCulture);
            if (view.Nodes.Contains(NvidiaDeviceSpecs.OfChannel(name)))
                found.Add(name);
            else if (options.AreImexChannelsRequired)
                throw new AllocationRefusedException($"IMEX channel {name} is required (imex.required of the node's config) and /dev/{NvidiaDeviceSpecs.OfChannel(name)} is not there. Make it on the node: nvidia-modprobe -i {name}");
        }
        return found.ToImmutable();
    }

    private static bool IsCdi(DeviceListStrategy list) => list is DeviceListStrategy.CdiAnnotations or DeviceListStrategy.CdiCri;

    /// <summary>One answer while it is put together.</summary>
    private sealed class Answer(NvidiaInjection options, ImmutableArray<Device> devices, ImmutableArray<string> channels)
    {
        private readonly ImmutableSortedDictionary<string, string>.Builder _environment = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        private readonly ImmutableSortedDictionary<string, string>.Builder _annotations = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        private readonly ImmutableArray<AllocatedMount>.Builder _mounts = ImmutableArray.CreateBuilder<AllocatedMount>();
        private ImmutableArray<AllocatedNode> _nodes = [];
        private ImmutableArray<string> _cdiDevices = [];

        public ImmutableArray<string> Cdi { private get; set; } = [];

        public void Add(DeviceListStrategy list)
        {
            switch (list)
            {
                case DeviceListStrategy.EnvVar:
                    _environment.TryAdd(Variable, string.Join(',', devices.Select(VisibleName))); // mounts, if asked for as well, say where to look instead
                    if (!channels.IsEmpty)
                        _environment[ImexVariable] = string.Join(',', channels);
                    break;
                case DeviceListStrategy.VolumeMounts:
                    _environment[Variable] = MountRoot;
                    foreach (var name in devices.Select(VisibleName).Concat(channels.Select(channel => $"imex/{channel}")))
                        _mounts.Add(new AllocatedMount(Null, $"{MountRoot}/{name}", false));
                    break;
                case DeviceListStrategy.CdiAnnotations when !Cdi.IsEmpty:
                    _annotations[options.CdiAnnotationPrefix + AnnotationName + Digest(Cdi)] = string.Join(',', Cdi);
                    break;
                case DeviceListStrategy.CdiCri:
                    _cdiDevices = Cdi;
                    break;
            }
        }

        public void AddNodes(ImmutableArray<AllocatedNode> nodes)
        {
            _nodes = [.. nodes, .. channels.Select(channel => NvidiaDeviceSpecs.Node(options, NvidiaDeviceSpecs.OfChannel(channel)))];
        }

        public AllocationSpec ToSpec()
        {
            if (options.HasGdrCopy)
                _environment["NVIDIA_GDRCOPY"] = "enabled";
            if (options.HasGds)
                _environment["NVIDIA_GDS"] = "enabled";
            if (options.HasMofed)
                _environment["NVIDIA_MOFED"] = "enabled";
            return new AllocationSpec
            {
                Environment = _environment.ToImmutable(),
                DeviceNodes = _nodes,
                Mounts = _mounts.ToImmutable(),
                Annotations = _annotations.ToImmutable(),
                CdiDevices = _cdiDevices,
            };
        }

        /// <summary>A device whose id is not a UUID goes by the driver's index, which is all that the runtime could find it by.</summary>
        private string VisibleName(Device device) => options.AreIdsIndexes || !HasUuid(device) ? device.DriverIndex() : device.Id;

        private static bool HasUuid(Device device) => device.Id.StartsWith("GPU-", StringComparison.Ordinal) || device.Id.StartsWith("MIG-", StringComparison.Ordinal);

        /// <summary>Two resources of one container must not have the same key: the kubelet would keep one of the two.</summary>
        private static string Digest(ImmutableArray<string> names) =>
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join(',', names))).AsSpan(0, 12));
    }
}
