using System.Collections.Immutable;
using AIInfra.Core.Configuration;
using AIInfra.Core.Devices;
using AIInfra.Core.Sharing;

namespace AIInfra.Vendors.Rdma;

/// <summary>One resource of the shared-device plugin's config: so many slots, each with all the devices that are chosen.</summary>
/// <param name="Mark">Where it stands.</param>
public sealed record SharedRdmaResource(string Name, int Slots, RdmaSelectors Selectors, ConfigMark Mark);

/// <summary>Which devices: each list that is not empty must have one that fits.</summary>
public sealed record RdmaSelectors
{
    /// <summary>PCI ids in hexadecimal: <c>15b3</c>.</summary>
    public ImmutableArray<string> Vendors { get; init; } = [];
    public ImmutableArray<string> DeviceIds { get; init; } = [];
    /// <summary>Kernel drivers: <c>mlx5_core</c>.</summary>
    public ImmutableArray<string> Drivers { get; init; } = [];
    public ImmutableArray<string> Interfaces { get; init; } = [];
    /// <summary><c>ether</c> or <c>infiniband</c>.</summary>
    public ImmutableArray<string> LinkTypes { get; init; } = [];

    public bool Fits(Device device)
    {
        string? Trait(string name) => device.Traits.GetValueOrDefault(name);
        var link = Trait(RdmaTraits.LinkLayer) switch { "Ethernet" => "ether", "InfiniBand" => "infiniband", _ => null };
        return Has(Vendors, Trait(RdmaTraits.VendorId)) && Has(DeviceIds, Trait(RdmaTraits.DeviceId)) && Has(Drivers, Trait(RdmaTraits.Driver)) && Has(LinkTypes, link)
            && (Interfaces.IsEmpty || Trait(RdmaTraits.Interfaces) is { } names && names.Split(',').Any(Interfaces.Contains));
    }

    private static bool Has(ImmutableArray<string> list, string? value) => list.IsEmpty || (value is not null && list.Contains(value, StringComparer.OrdinalIgnoreCase));
}

/// <summary>The config of Mellanox' RDMA shared device plugin, read unchanged.</summary>
/// <param name="Source">Null: none is named.</param>
/// <param name="Notes">What is understood and has no effect, and keys that nobody knows: that plugin passes over them too.</param>
public sealed record RdmaConfig(string? Source, ImmutableArray<SharedRdmaResource> Resources, ImmutableArray<ConfigError> Errors, ImmutableArray<ConfigError> Notes)
{
    private const int MostSlots = 10_000, LongestInterval = 86_400;

    public static RdmaConfig None { get; } = new(null, [], [], []);

    public static RdmaConfig Load(string path)
    {
        var (root, errors) = YamlTree.ReadFile(path); // JSON is YAML
        return Read(path, root, errors);
    }

    internal static RdmaConfig Parse(string source, string text)
    {
        var (root, errors) = YamlTree.Read(source, text);
        return Read(source, root, errors);
    }

    private static RdmaConfig Read(string source, YamlNode? root, ImmutableArray<ConfigError> faults)
    {
        var (errors, notes) = (faults.ToBuilder(), ImmutableArray.CreateBuilder<ConfigError>());
        var resources = ImmutableArray.CreateBuilder<SharedRdmaResource>();
        var fields = new YamlFields("", root, errors);
        if (fields.Number("periodicUpdateInterval", 0, LongestInterval) is not null)
            notes.Add(new ConfigError(fields.Find("periodicUpdateInterval")!.Value.KeyMark, "periodicUpdateInterval has no effect: devices that come or go are seen within a sampling round."));
        var list = fields.List("configList");
        if (root is not null && list.IsEmpty && errors.Count == 0)
            errors.Add(new ConfigError(root.Mark, "configList is missing or empty; it must be a list of resources."));
        for (var at = 0; at < list.Length; at++)
        {
            if (Resource(new YamlFields($"configList[{at}]", list[at], errors), list[at].Mark, errors, notes) is not { } resource)
                continue;
            if (resources.FirstOrDefault(other => other.Name == resource.Name) is { } first)
                errors.Add(new ConfigError(resource.Mark, $"{resource.Name} stands there twice; the first is in line {first.Mark.Line}. Give each resource a name of its own."));
            else
                resources.Add(resource);
        }
        NoteUnknown(fields, notes);
        return new RdmaConfig(source, resources.ToImmutable(), errors.ToImmutable(), notes.ToImmutable());
    }

    private static SharedRdmaResource? Resource(YamlFields fields, ConfigMark mark, ImmutableArray<ConfigError>.Builder errors, ImmutableArray<ConfigError>.Builder notes)
    {
        var local = fields.Text("resourceName");
        var name = $"{fields.Text("resourcePrefix") ?? "rdma"}/{local}";
        var slots = fields.Number("rdmaHcaMax", 0, MostSlots);
        var selectors = fields.Section("selectors");
        var old = Texts(fields, "devices").AddRange(Texts(fields, "ifNames"));
        var chosen = new RdmaSelectors
        {
            Vendors = Texts(selectors, "vendors"),
            DeviceIds = Texts(selectors, "deviceIDs"),
            Drivers = Texts(selectors, "drivers"),
            Interfaces = [.. Texts(selectors, "ifNames"), .. old],
            LinkTypes = Texts(selectors, "linkTypes"),
        };
        NoteUnknown(selectors, notes);
        NoteUnknown(fields, notes);
        if (local is null || ResourceName.Fault(name) is not null)
        {
            errors.Add(new ConfigError(fields.Find("resourceName")?.Value.Mark ?? mark,
                $"{fields.Full("resourceName")}: {(local is null ? "it is missing" : ResourceName.Fault(name))}; it must be a name such as hca_shared_devices_a."));
            return null;
        }
        if (slots is null && fields.Find("rdmaHcaMax") is null)
            errors.Add(new ConfigError(mark, $"{fields.Full("rdmaHcaMax")} is missing; it must be a whole number from 0 to {MostSlots}."));
        if (chosen is { Vendors.IsEmpty: true, DeviceIds.IsEmpty: true, Drivers.IsEmpty: true, Interfaces.IsEmpty: true, LinkTypes.IsEmpty: true })
            errors.Add(new ConfigError(mark, $"{fields.Full("selectors")}: nothing chooses devices; give at least one of vendors, deviceIDs, drivers, ifNames and linkTypes."));
        foreach (var link in chosen.LinkTypes.Where(link => link is not ("ether" or "infiniband")))
            errors.Add(new ConfigError(selectors.Mark, $"{selectors.Full("linkTypes")}: \"{link}\" is no link type; it must be ether or infiniband."));
        return slots is { } count ? new SharedRdmaResource(name, count, chosen, mark) : null;
    }

    private static ImmutableArray<string> Texts(YamlFields fields, string key)
    {
        var texts = ImmutableArray.CreateBuilder<string>();
        foreach (var item in fields.List(key))
        {
            if (item is YamlScalar scalar)
                texts.Add(scalar.Text);
            else
                fields.Error(item.Mark, key, "it must be a list of texts.");
        }
        return texts.ToImmutable();
    }

    private static void NoteUnknown(YamlFields fields, ImmutableArray<ConfigError>.Builder notes) =>
        notes.AddRange(fields.Unknown().Select(error => error with { Message = $"{error.Message} It is passed over." }));
}
