using System.Collections.Immutable;
using AIInfra.Core.Configuration;
using AIInfra.Core.Devices;
using AIInfra.Core.Metrics;

namespace AIInfra.Vendors.Nvidia.Metrics;

/// <summary>What a CSV file of dcgm-exporter asks for. Immutable.</summary>
public sealed record DcgmChoice
{
    /// <summary>Under the names of the file, in its order.</summary>
    internal ImmutableArray<MetricFamily> AsListed { get; private init; } = [];
    /// <summary>The same fields under the names since 4.9.</summary>
    internal ImmutableArray<MetricFamily> AsCurrent { get; private init; } = [];
    /// <summary>The families that the exporter makes itself.</summary>
    internal ImmutableHashSet<string> Made { get; private init; } = [];
    internal ImmutableArray<(string Name, Func<Device, VendorInventory, string?> Of)> Labels { get; private init; } = [];
    /// <summary>What is left out of what the file asks for, with file and line.</summary>
    public ImmutableArray<string> Notes { get; private init; } = [];

    private static readonly ImmutableDictionary<string, Func<Device, VendorInventory, string?>> KnownLabels = new Dictionary<string, Func<Device, VendorInventory, string?>>
    {
        ["DCGM_FI_DRIVER_VERSION"] = (_, vendor) => vendor.DriverVersion,
        ["DCGM_FI_SYSTEM_DRIVER_VERSION"] = (_, vendor) => vendor.DriverVersion,
        ["DCGM_FI_NVML_VERSION"] = (_, vendor) => vendor.LibraryVersion,
        ["DCGM_FI_SYSTEM_NVML_VERSION"] = (_, vendor) => vendor.LibraryVersion,
        ["DCGM_FI_DEV_SERIAL"] = (device, _) => device.Serial,
        ["DCGM_FI_DEV_UUID"] = (device, _) => device.Id,
        ["DCGM_FI_DEV_NAME"] = (device, _) => device.Model,
        ["DCGM_FI_DEV_BRAND"] = (device, _) => device.Traits.GetValueOrDefault("brand"),
        ["DCGM_FI_DEV_VBIOS_VERSION"] = (device, _) => device.Firmware.GetValueOrDefault("vbios"),
        ["DCGM_FI_DEV_INFOROM_IMAGE_VER"] = (device, _) => device.Firmware.GetValueOrDefault("inforom"),
    }.ToImmutableDictionary(StringComparer.Ordinal);

    private static readonly ImmutableArray<string> Types = ["gauge", "counter", "histogram", "summary", "label"];

    /// <summary>Of the exporter's own: what the agent makes too.</summary>
    internal static ImmutableArray<string> MadeNames { get; } =
        ["DCGM_EXP_XID_ERRORS_COUNT", "DCGM_EXP_XID_ERRORS_TOTAL", "DCGM_EXP_CLOCK_EVENTS_COUNT", "DCGM_EXP_CLOCK_EVENTS_TOTAL", "DCGM_EXP_GPU_HEALTH_STATUS"];

    /// <summary>Reads a file. A field that is not known here is left out and named; a line that is no row is an error.</summary>
    public static (DcgmChoice Choice, ImmutableArray<ConfigError> Errors) Load(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return (new DcgmChoice(), [new ConfigError(new ConfigMark(path, 0, 0), $"metrics.dcgmCsv: the file cannot be read: {fault.Message}")]);
        }
        return Read(path, text);
    }

    internal static (DcgmChoice Choice, ImmutableArray<ConfigError> Errors) Read(string path, string text)
    {
        var (families, currents, made, labels) = (new List<MetricFamily>(), new List<MetricFamily>(), new HashSet<string>(), new List<(string, Func<Device, VendorInventory, string?>)>());
        var (notes, errors) = (new List<string>(), new List<ConfigError>());
        foreach (var (number, cells) in DcgmCsv.Rows(text))
        {
            if (cells is not [var name, var type, var help])
            {
                errors.Add(new ConfigError(new ConfigMark(path, number, 1), $"a row has three columns, field, type and help; this one has {cells.Length}. Write a help text with a comma in quotes."));
                continue;
            }
            if (!Types.Contains(type))
            {
                errors.Add(new ConfigError(new ConfigMark(path, number, 1), $"{name}: \"{type}\" is no type; there are {string.Join(", ", Types)}."));
                continue;
            }
            if (type == "label")
            {
                if (KnownLabels.TryGetValue(name, out var of))
                    labels.Add((name, of));
                else
                    notes.Add($"{path}:{number}: {name} is not known as a label and is left out.");
            }
            else if (MadeNames.Contains(name))
            {
                made.Add(name);
            }
            else if (DcgmTable.ByName.TryGetValue(name, out var row))
            {
                if (type is "histogram" or "summary")
                    notes.Add($"{path}:{number}: {name} is shown as a gauge: it has one value, no {type}.");
                if (row.Legacy.Field.StartsWith("pcie_throughput_", StringComparison.Ordinal))
                    notes.Add($"{path}:{number}: {name} is costly to read: it is shown only with vendors.nvidia.pcieThroughput: true.");
                var listed = (row.Current.Name == name ? row.Current : row.Legacy) with
                {
                    Type = type == "counter" ? MetricType.Counter : MetricType.Gauge,
                    Help = help.Length > 0 ? help : row.Legacy.Help,
                };
                families.Add(listed);
                currents.Add(row.Current with { Help = row.Current.Name == name && help.Length > 0 ? help : row.Current.Help });
            }
            else
            {
                notes.Add($"{path}:{number}: {name} is not known here and is left out.");
            }
        }
        var choice = new DcgmChoice
        {
            AsListed = [.. families.DistinctBy(family => family.Name)],
            AsCurrent = [.. currents.DistinctBy(family => family.Name)],
            Made = [.. made],
            Labels = [.. labels.DistinctBy(label => label.Item1).OrderBy(label => label.Item1, StringComparer.Ordinal)],
            Notes = [.. notes],
        };
        return (choice, [.. errors]);
    }
}
