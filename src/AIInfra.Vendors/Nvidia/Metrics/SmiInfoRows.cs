using System.Globalization;
using System.Runtime.CompilerServices;
using AIInfra.Core.Devices;
using AIInfra.Core.Metrics;

namespace AIInfra.Vendors.Nvidia.Metrics;

/// <summary>nvidia_gpu_exporter's <c>nvidia_smi_gpu_info</c>: the identity that its other series are joined with.</summary>
internal sealed class SmiInfoRows() : DeviceRows(new MetricHead("nvidia_smi_gpu_info", MetricType.Gauge, "Always 1: what the GPU is. Join it by uuid."), MetricRank.Essential)
{
    private static readonly string[] Names = ["name", "driver_version", "vbios_version", "pci_bus_id", "serial", "compute_cap", "index"];

    private readonly ConditionalWeakTable<LabelSet, LabelSet> _byDevice = [];

    public override IEnumerable<string> LabelNames => Names;
    public override string Source => "the inventory";

    public override void Write(PageWriter writer, in DeviceMoment moment, LabelSet labels)
    {
        if (moment.Device.ParentId is not null)
            return;
        if (!_byDevice.TryGetValue(labels, out var more))
            _byDevice.Add(labels, more = Describe(moment.Device, moment.Vendor));
        writer.Sample(labels, more, 1);
    }

    /// <summary>Without the prefix, in lower case.</summary>
    public static string Bare(string id) => (id.StartsWith("GPU-", StringComparison.Ordinal) ? id["GPU-".Length..] : id).ToLowerInvariant();

    private static LabelSet Describe(Device device, VendorInventory vendor) => new(Names.Zip(
        [
            device.Model, vendor.DriverVersion ?? "", device.Firmware.GetValueOrDefault("vbios", ""), (device.PciAddress ?? "").ToUpperInvariant().PadLeft(16, '0'),
            device.Serial ?? "", device.Traits.GetValueOrDefault("compute", ""), device.Index.ToString(CultureInfo.InvariantCulture),
        ], KeyValuePair.Create));
}
