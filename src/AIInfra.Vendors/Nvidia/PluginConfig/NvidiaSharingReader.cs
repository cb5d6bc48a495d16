using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Configuration;
using AIInfra.Core.Sharing;

namespace AIInfra.Vendors.Nvidia.PluginConfig;

/// <summary>Reads <c>sharing</c> of a device-plugin config: time slicing is honoured, MPS is refused by name.</summary>
internal sealed class NvidiaSharingReader(ImmutableArray<ConfigError>.Builder errors, ImmutableArray<ConfigError>.Builder notes)
{
    private const string Prefix = "nvidia.com/";
    private const int LongestResource = 63; // with its domain, as the plugin checks it

    private readonly Dictionary<string, (string Key, ConfigMark Mark)> _shared = new(StringComparer.Ordinal);

    public SharingPlan Read(YamlFields sharing)
    {
        var plan = SharingPlan.None;
        if (sharing.Find("timeSlicing") is { } slices)
            plan = ReadWay(new YamlFields(sharing.Full("timeSlicing"), slices.Value, errors));
        if (sharing.Find("mps") is { } mps)
        {
            ReadWay(new YamlFields(sharing.Full("mps"), mps.Value, errors));
            sharing.Error(mps.KeyMark, "mps", "sharing by MPS is not available in this version, and the devices would be shared without the limits that it sets. "
                + "Share them by timeSlicing, or keep NVIDIA's plugin on this node.");
        }
        sharing.Close();
        return plan;
    }

    private SharingPlan ReadWay(YamlFields way)
    {
        var renames = way.Flag("renameByDefault") ?? false;
        var isOne = way.Flag("failRequestsGreaterThanOne") ?? false;
        var items = way.List("resources");
        if (items.IsEmpty)
            way.Error(way.Find("resources")?.Value.Mark ?? way.Mark, "resources", "is missing or empty; name what is shared, as in [{ name: nvidia.com/gpu, replicas: 4 }], or remove the section.");
        var rules = ImmutableArray.CreateBuilder<ShareRule>();
        for (var place = 0; place < items.Length; place++)
        {
            var key = way.Full(string.Create(CultureInfo.InvariantCulture, $"resources[{place}]"));
            if (ReadRule(new YamlFields(key, items[place], errors), key, renames) is { } rule)
                rules.Add(rule);
        }
        way.Close();
        return new SharingPlan { Rules = rules.ToImmutable(), RenamesShared = renames, IsOnePerContainer = isOne };
    }

    private ShareRule? ReadRule(YamlFields fields, string key, bool renames)
    {
        var name = ReadName(fields);
        var replicas = fields.Number("replicas", SharingPlan.LeastReplicas, SharingPlan.MostReplicas);
        if (replicas is null && fields.Find("replicas") is null)
            fields.Error(fields.Mark, "replicas", $"is missing; it must be a whole number from {SharingPlan.LeastReplicas} to {SharingPlan.MostReplicas}.");
        if (fields.Text("rename") is { } rename && !(renames && name is not null && Qualified(rename) == name + SharingPlan.SharedSuffix))
            Note(fields.Find("rename")!.Value.KeyMark, fields.Full("rename"), "names of one's own are read and not used, as in NVIDIA's plugin; set renameByDefault for the name with .shared");
        var (count, devices) = ReadDevices(fields);
        fields.Close();
        if (name is null || replicas is not { } number)
            return null;
        if (!_shared.TryAdd(name, (key, fields.Mark)))
        {
            var first = _shared[name];
            fields.Error(fields.Mark, "name", $"{name} is shared by {first.Key} in line {first.Mark.Line} already; one resource can be shared in one way only. Remove one of the two.");
            return null;
        }
        return new ShareRule(name, number) { Count = count, Devices = devices };
    }

    private string? ReadName(YamlFields fields)
    {
        if (fields.Find("name") is not { } entry)
        {
            fields.Error(fields.Mark, "name", "is missing; name the resource, as in nvidia.com/gpu.");
            return null;
        }
        if (fields.Text("name") is not { } text)
            return null;
        var name = Qualified(text);
        var shown = YamlFields.Show(entry.Value);
        if (name.Length > LongestResource)
            fields.Error(entry.Value.Mark, "name", $"\"{shown}\" is not usable; with its domain it may have {LongestResource} characters.");
        else if (ResourceName.Fault(name) is { } fault)
            fields.Error(entry.Value.Mark, "name", $"\"{shown}\" is not usable: {fault}.");
        else
        {
            if (name != NvidiaLibrary.ResourceName && !name.StartsWith(NvidiaOffers.MigPrefix, StringComparison.Ordinal))
                Note(entry.Value.Mark, fields.Full("name"), $"\"{shown}\" is no resource that is offered of NVIDIA devices, so nothing is shared by this rule; there are nvidia.com/gpu and nvidia.com/mig-SIZE");
            return name;
        }
        return null;
    }

    /// <summary><c>all</c>, how many, or which. NVIDIA's plugin reads the last two and shares all devices; here they are honoured.</summary>
    private (int? Count, ImmutableArray<string> Devices) ReadDevices(YamlFields fields)
    {
        const string form = "all, a count of at least 1, or a list of GPU indexes (0), MIG indexes (0:1) and UUIDs";
        if (fields.Find("devices") is not { } entry || entry.Value is YamlScalar { Text: "all" })
            return (null, []);
        Note(entry.KeyMark, fields.Full("devices"), "is honoured here: only these devices are shared. NVIDIA's plugin shares all whatever stands there; write \"all\" to have it so");
        if (entry.Value is YamlList list && !list.Items.IsEmpty)
        {
            foreach (var bad in list.Items.Where(item => item is not YamlScalar { Text: var text } || !IsReference(text)))
                fields.Error(bad.Mark, "devices", $"\"{YamlFields.Show(bad)}\" is not usable; it must be {form}.");
            return (null, [.. list.Items.OfType<YamlScalar>().Select(item => item.Text).Distinct(StringComparer.Ordinal)]);
        }
        if (YamlFields.NumberOf(entry.Value) is { } count and >= 1)
            return (count, []);
        fields.Error(entry.Value.Mark, "devices", $"\"{YamlFields.Show(entry.Value)}\" is not usable; it must be {form}.");
        return (null, []);
    }

    private static bool IsReference(string text)
    {
        if (text.StartsWith("GPU-", StringComparison.Ordinal) || text.StartsWith("MIG-", StringComparison.Ordinal))
            return Guid.TryParseExact(text.AsSpan(4), "D", out _);
        return text.Length <= 16 && text.Split(':') is { Length: 1 or 2 } parts && parts.All(part => part.Length > 0 && part.All(char.IsAsciiDigit));
    }

    private static string Qualified(string name) => name.StartsWith(Prefix, StringComparison.Ordinal) ? name : Prefix + name;

    private void Note(ConfigMark at, string key, string sentence) => notes.Add(new ConfigError(at, $"{key}: {sentence}."));
}
