using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Configuration;
using AIInfra.Core.Sharing;

namespace AIInfra.Vendors.Nvidia.PluginConfig;

/// <summary>Reads the mappings of a device-plugin config.</summary>
/// <remarks>Source: NVIDIA k8s-device-plugin 0.20, api/config/v1. The plugin passes over keys that it does not know; here they are errors.</remarks>
internal sealed class NvidiaPluginConfigReader(ImmutableArray<ConfigError>.Builder errors, ImmutableArray<ConfigError>.Builder notes)
{
    private const string DefaultHook = "/usr/bin/nvidia-ctk";
    private const string Distributed = "distributed", Packed = "packed";

    public NvidiaOptions Read(YamlNode root)
    {
        var file = new YamlFields("", root, errors);
        if (file.Find("version") is { Value: var version } && version is not YamlScalar { Text: "v1" })
            file.Error(version.Mark, "version", $"\"{YamlFields.Show(version)}\" is not usable; the version that is read here is v1.");
        var (options, placement) = ReadFlags(file.Section("flags"));
        ReadResources(file.Section("resources"));
        var sharing = new NvidiaSharingReader(errors, notes).Read(file.Section("sharing")) with { Placement = placement };
        var injection = ReadImex(file.Section("imex"), options.Injection);
        file.Close();
        return options with { Sharing = sharing, Injection = injection };
    }

    private (NvidiaOptions Options, SharedPlacement Placement) ReadFlags(YamlFields flags)
    {
        var mig = flags.Choice("migStrategy", "none", "single", "mixed") switch { "single" => MigStrategy.Single, "mixed" => MigStrategy.Mixed, _ => MigStrategy.None };
        WithoutEffect(flags, "failOnInitError", "without a driver the agent waits for one, and says so in `aiinfra-agent status`");
        WithoutEffect(flags, "mpsRoot", "MPS is not available in this version");
        WithoutEffect(flags, "useNodeFeatureAPI", "feature labels are written to the file named in labels.file");
        if (flags.Choice("deviceDiscoveryStrategy", "auto", "nvml", "tegra") == "tegra")
            flags.Error(flags.Find("deviceDiscoveryStrategy")!.Value.Value.Mark, "deviceDiscoveryStrategy", "\"tegra\" is not available in this version: boards are found through NVML only. Keep NVIDIA's plugin on this node.");
        var driverRoot = AbsolutePath(flags, "nvidiaDriverRoot");
        var devRoot = AbsolutePath(flags, "nvidiaDevRoot");
        var injection = new NvidiaInjection
        {
            HasGdrCopy = flags.Flag("gdrcopyEnabled") ?? false,
            HasGds = flags.Flag("gdsEnabled") ?? false,
            HasMofed = flags.Flag("mofedEnabled") ?? false,
        };
        if (driverRoot is not null)
            injection = injection with { DriverRoot = driverRoot };
        if (devRoot is not null)
            injection = injection with { DevRoot = devRoot };
        var plugin = flags.Section("plugin");
        injection = ReadPlugin(plugin, injection);
        var placement = plugin.Choice("sharedDevicesAllocationPolicy", Distributed, Packed) == Packed ? SharedPlacement.Packed : SharedPlacement.Distributed;
        plugin.Close();
        var labels = ReadGfd(flags.Section("gfd"));
        flags.Close();
        return (new NvidiaOptions { Mig = mig, Injection = injection, Labels = labels }, placement);
    }

    private NvidiaInjection ReadPlugin(YamlFields plugin, NvidiaInjection injection)
    {
        WithoutEffect(plugin, "containerDriverRoot", "the agent reads the host's files through host.root");
        var hook = AbsolutePath(plugin, "nvidiaCTKPath");
        var prefix = plugin.Text("cdiAnnotationPrefix");
        if (prefix is { Length: > 0 } && (!prefix.EndsWith('/') || ResourceName.Fault(prefix + "x") is not null))
            plugin.Error(plugin.Find("cdiAnnotationPrefix")!.Value.Value.Mark, "cdiAnnotationPrefix", $"\"{prefix}\" is not usable; it must be a domain and a slash, as in cdi.k8s.io/.");
        return injection with
        {
            Lists = ReadLists(plugin),
            PassesDeviceNodes = plugin.Flag("passDeviceSpecs"),
            AreIdsIndexes = plugin.Choice("deviceIDStrategy", "uuid", "index") == "index",
            CdiAnnotationPrefix = prefix is { Length: > 0 } ? prefix : injection.CdiAnnotationPrefix,
            CdiHookPath = hook == DefaultHook ? null : hook, // which is then found wherever it is
        };
    }

    /// <summary>One text, or a list of them.</summary>
    private static ImmutableArray<DeviceListStrategy> ReadLists(YamlFields plugin)
    {
        const string key = "deviceListStrategy";
        if (plugin.Find(key) is not { } entry)
            return [];
        var found = ImmutableArray.CreateBuilder<DeviceListStrategy>();
        foreach (var item in entry.Value is YamlList list ? list.Items : [entry.Value])
        {
            if (item is YamlScalar scalar && DeviceLists.Parse(scalar.Text) is { } strategy)
            {
                if (!found.Contains(strategy))
                    found.Add(strategy);
            }
            else
                plugin.Error(item.Mark, key, $"\"{YamlFields.Show(item)}\" is not usable; it must be {DeviceLists.Form}, or a list of these.");
        }
        return found.ToImmutable();
    }

    private NvidiaLabelOptions ReadGfd(YamlFields gfd)
    {
        WithoutEffect(gfd, "oneshot", "labels are kept in step with the node");
        WithoutEffect(gfd, "sleepInterval", "labels are made anew when something changes");
        WithoutEffect(gfd, "outputFile", "NVIDIA's own feature discovery may still write there; name the agent's file in labels.file");
        var labels = new NvidiaLabelOptions { HasTimestamp = !(gfd.Flag("noTimestamp") ?? false) };
        if (gfd.Text("machineTypeFile") is { } file)
            labels = labels with { MachineTypeFile = file };
        gfd.Close();
        return labels;
    }

    /// <summary>The plugin reads this section and does not use it.</summary>
    private void ReadResources(YamlFields resources)
    {
        foreach (var key in (ReadOnlySpan<string>)["gpus", "mig"])
        {
            var items = resources.List(key);
            for (var place = 0; place < items.Length; place++)
            {
                var rule = new YamlFields(resources.Full(string.Create(CultureInfo.InvariantCulture, $"{key}[{place}]")), items[place], errors);
                foreach (var field in (ReadOnlySpan<string>)["pattern", "name"])
                {
                    if (items[place] is YamlMap && rule.Text(field) is null && rule.Find(field) is null)
                        rule.Error(rule.Mark, field, "is missing; a rule has a pattern and a name.");
                }
                rule.Close();
            }
            if (!items.IsEmpty)
                Note(resources.Find(key)!.Value.KeyMark, resources.Full(key), "names of one's own are read and not used, as in NVIDIA's plugin; devices are offered under NVIDIA's names");
        }
        resources.Close();
    }

    private static NvidiaInjection ReadImex(YamlFields imex, NvidiaInjection injection)
    {
        var channels = imex.List("channelIDs");
        if (channels.Length > 1 || (channels.Length == 1 && YamlFields.NumberOf(channels[0]) != 0))
            imex.Error(channels[0].Mark, "channelIDs", "it must be [] or [0].");
        var isRequired = imex.Flag("required") ?? false;
        imex.Close();
        return injection with { ImexChannels = channels.IsEmpty ? [] : [0], AreImexChannelsRequired = isRequired };
    }

    private static string? AbsolutePath(YamlFields fields, string key)
    {
        if (fields.Text(key) is not { Length: > 0 } path)
            return null;
        if (path[0] != '/' || path.Contains('\0'))
            fields.Error(fields.Find(key)!.Value.Value.Mark, key, $"\"{YamlFields.Show(fields.Find(key)!.Value.Value)}\" is not usable; it must be an absolute path on the host.");
        return path;
    }

    private void WithoutEffect(YamlFields fields, string key, string instead)
    {
        if (fields.Find(key) is { } entry)
            Note(entry.KeyMark, fields.Full(key), $"has no effect here: {instead}");
    }

    private void Note(ConfigMark at, string key, string sentence) => notes.Add(new ConfigError(at, $"{key}: {sentence}."));
}

/// <summary>The list strategies by their names.</summary>
public static class DeviceLists
{
    public static ImmutableArray<string> Names { get; } = ["envvar", "volume-mounts", "cdi-annotations", "cdi-cri"];

    public const string Form = "envvar, volume-mounts, cdi-annotations or cdi-cri";

    public static DeviceListStrategy? Parse(string name) => Names.IndexOf(name) is var place and >= 0 ? (DeviceListStrategy)place : null;
}
