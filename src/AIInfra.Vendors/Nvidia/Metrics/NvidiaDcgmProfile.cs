using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Metrics;

namespace AIInfra.Vendors.Nvidia.Metrics;

/// <summary>The names, units and labels of dcgm-exporter: up to 4.8 (<c>dcgm</c>) and since 4.9 (<c>dcgm-4.9</c>).</summary>
/// <remarks>Differences on purpose: a value that is absent has no line, label values are escaped, and a divided GPU keeps its own rows beside
/// those of its partitions, which dcgm-exporter drops. The <c>DCGM_FI_PROF_*</c> rows are there on Hopper and newer alone: before, they
/// would need DCGM's profiling module.</remarks>
internal static class NvidiaDcgmProfile
{
    public const string LegacyName = "dcgm", CurrentName = "dcgm-4.9";

    /// <param name="choice">Of a CSV file; null for what is shown when nobody chooses.</param>
    /// <param name="rows">What the exporter makes itself, in its order.</param>
    public static MetricProfile Legacy(DcgmChoice? choice, ImmutableArray<DeviceRows> rows) => new()
    {
        Name = LegacyName,
        Vendor = NvidiaFields.Table.Vendor,
        IsTextOnly = true,
        Families = choice?.AsListed ?? [.. DcgmTable.Rows.Where(row => row.Kind is DcgmKind.Standard or DcgmKind.Optional).Select(row => row.Legacy)],
        Rows = Chosen(rows, choice),
        Labels = labelled => Labels(labelled, "Hostname", "DCGM_FI_DRIVER_VERSION", choice),
    };

    public static MetricProfile Current(DcgmChoice? choice, ImmutableArray<DeviceRows> rows) => new()
    {
        Name = CurrentName,
        Vendor = NvidiaFields.Table.Vendor,
        IsTextOnly = true,
        Families = choice?.AsCurrent ?? [.. DcgmTable.Rows.Where(row => row.Kind != DcgmKind.Listed).Select(row => row.Current)],
        Rows = Chosen(rows, choice),
        Labels = labelled => Labels(labelled, "hostname", "DCGM_FI_SYSTEM_DRIVER_VERSION", choice),
    };

    private static ImmutableArray<DeviceRows> Chosen(ImmutableArray<DeviceRows> rows, DcgmChoice? choice) =>
        choice is null ? rows : [.. rows.Where(one => choice.Made.Contains(one.Head.Name))];

    /// <summary>In dcgm-exporter's order. What is not known is left out.</summary>
    private static ImmutableArray<KeyValuePair<string, string>> Labels(LabelledDevice labelled, string hostLabel, string driverLabel, DcgmChoice? choice)
    {
        var (device, inventory, nodeName, workload) = labelled;
        (string Name, string? Value)[] labels =
        [
            ("gpu", device.Index.ToString(CultureInfo.InvariantCulture)),
            ("UUID", device.ParentId ?? device.Id), // of the GPU, also for its partitions
            ("pci_bus_id", device.PciAddress is { } address ? BusId(address) : null),
            ("device", device.NodeName),
            ("modelName", device.Model),
            ("GPU_I_PROFILE", device.Partition?.Profile),
            ("GPU_I_ID", device.Partition?.Instance.ToString(CultureInfo.InvariantCulture)),
            (hostLabel, nodeName),
            .. choice is null ? [(driverLabel, inventory.DriverVersion)] : choice.Labels.Select(label => (label.Name, label.Of(device, inventory))),
        ];
        return [.. labels.Where(label => label.Value is not null).Select(label => KeyValuePair.Create(label.Name, label.Value!)), .. DcgmWorkload.Labels(workload)];
    }

    /// <summary>As NVML prints it: upper case, eight digits of domain.</summary>
    private static string BusId(string pciAddress) => pciAddress.ToUpperInvariant().PadLeft("00000000:00:00.0".Length, '0');
}
