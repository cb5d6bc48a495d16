using System.Collections.Immutable;
using System.Text;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;
using AIInfra.Vendors.Amd;
using AIInfra.Vendors.Ascend;
using AIInfra.Vendors.Cambricon;
using AIInfra.Vendors.Generic;
using AIInfra.Vendors.Intel;
using AIInfra.Vendors.Nvidia;
using AIInfra.Vendors.Rdma;

namespace AIInfra.Vendors;

/// <summary>The page of what each vendor's driver can do.</summary>
public static class VendorReference
{
    /// <param name="Source">Whose interface the driver reads.</param>
    /// <param name="Partitions">Empty: it has none.</param>
    /// <param name="Reset">Empty: the agent cannot.</param>
    private sealed record Row(string Vendor, string Source, FieldTable Fields, Type Rules, string Names, string Sharing, string Partitions, string Reset = "");

    private static ImmutableArray<Row> Rows { get; } =
    [
        new(NvidiaFields.Table.Vendor, "NVML, in a child process", NvidiaFields.Table, typeof(NvidiaRules), "nvidia.com/gpu, nvidia.com/mig-*", "replicas", "MIG, as it is", "nvidia-smi; before Ampere all that NVLink joins"),
        new(AmdFields.Vendor, "KFD and amdgpu's files", AmdFields.Table, typeof(AmdRules), "amd.com/gpu, amd.com/COMPUTE_MEMORY", "", "compute partitions, as they are", "amd-smi, all that XGMI joins"),
        new(AscendFields.Vendor, "DCMI, in a child process", AscendFields.Table, typeof(AscendRules), "huawei.com/Ascend910, Ascend310P, Ascend310, npu, Ascend910-2c and so on", "", "virtual NPUs, as they are", "npu-smi, all that HCCS joins"),
        new(CambriconFields.Vendor, "CNDEV, in a child process", CambriconFields.Table, typeof(CambriconRules), "cambricon.com/mlu or by model, .mim-PROFILE, .smlu-PROFILE, .share", "env-share", "MIM and sMLU, as they are", "the operator's command, all that MLU-Link joins"),
        new(IntelFields.Vendor, "i915's and xe's files; beside them Level Zero, in a child process, where it is installed", IntelFields.Table, typeof(IntelRules), "gpu.intel.com/i915, gpu.intel.com/xe, and for watching gpu.intel.com/monitoring or gpu.intel.com/DRIVER_monitoring", "replicas", "tiles, told apart and given whole"),
        new(RdmaFields.Vendor, "the RDMA core's files", RdmaFields.Table, typeof(RdmaRules), $"{RdmaOffers.WholeResource}, {RdmaOffers.VirtualResource}, or by the shared plugin's config", "slots of all cards together", "virtual functions, as they are"),
        new(GenericFields.Vendor, "rows of a table", GenericFields.Table, typeof(GenericRules), "by the row", "slots", ""),
    ];

    /// <summary>Markdown.</summary>
    public static string Write()
    {
        var page = new StringBuilder();
        page.Append("# Vendors\n\nGenerated from the drivers; a test compares. Except where a line says otherwise, everything here was seen with simulated devices only: no driver but the\n");
        page.Append("simulators' was at hand. Nothing divides a device; a reset is a step of [remediation](remediation.md). Kernel-log rules of further vendors are in [problems.md](problems.md).\n\n");
        page.Append("| vendor | enumerate | resource names | allocate | share | partitions | readings | health from readings | reset | seen on hardware |\n|---|---|---|---|---|---|---|---|---|---|\n");
        foreach (var row in Rows)
        {
            var isRead = typeof(IReadingRules).IsAssignableFrom(row.Rules);
            page.Append($"| {row.Vendor} | {row.Source} | {row.Names} | yes | {Or(row.Sharing)} | {Or(row.Partitions)} | {row.Fields.Count} fields | {(isRead ? "yes, both ways" : "no")} | {Or(row.Reset)} | no, simulated |\n");
        }
        var levelZero = IntelFields.Table.Fields.Count(field => field.Source.StartsWith("zes", StringComparison.Ordinal));
        page.Append($"\n## Intel\n\nThe files of i915 and xe say nothing of how busy an engine is, of memory in use and its health, and of Xe links: {levelZero} of the readings need Level Zero Sysman, see\n");
        page.Append("[intel.md](intel.md). `hw_gpu_awake_ratio` is the time out of rest, at least as long as the work took. Errors are counted in files by Intel's own builds of i915 only; xe tells\n");
        page.Append("them by Level Zero, and by netlink, which is not read. Units are named by PCI address (`0000:4d:00.0`, shared ones `0000:4d:00.0::1`), not `card0-1`, because cards are numbered anew at a boot.\n");
        page.Append("\n## Virtual machines\n\nBoards, virtual functions and mediated devices of every maker: see [device-plugin.md](device-plugin.md#passthrough).\n");
        page.Append("\n## Rows of the table\n\nSee [adding-a-vendor.md](adding-a-vendor.md). PCI ids and nodes come from public documents; a row that is wrong can be replaced by one of the same name.\n\n");
        page.Append("| row | devices | resource | slots | health files | readings |\n|---|---|---|---|---|---|\n");
        foreach (var row in GenericTable.Embedded.Rows)
            page.Append($"| {row.Name} | {row.Model} | {row.Resource} | {row.Slots} | {Or(string.Join(", ", row.Health.Select(check => check.File)))} | {Or(string.Join(", ", row.Readings.Select(reading => reading.Field)))} |\n");
        page.Append("\n## gpu_metrics\n\nVersions of AMD's blob that are read: ");
        page.AppendJoin(", ", AmdMetricsLayout.All.Select(layout => layout.Version).Order(StringComparer.Ordinal));
        page.Append(". Of 1.9 and later, and of a size that is not known, only sysfs and hwmon are read.\n");
        return page.ToString();
    }

    private static string Or(string text) => text.Length == 0 ? "-" : text;
}
