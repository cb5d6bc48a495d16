using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Toolkits;
using AIInfra.Core.VendorFiles;

namespace AIInfra.Vendors.Nvidia;

/// <summary>Whether the driver that is loaded can run programs of a CUDA toolkit on the disk. Within a major version each driver runs all; a newer major needs a newer driver.</summary>
/// <remarks>Nothing is said where one of several toolkits fits: the others may be there for images. Which CUDA a driver has is what NVML says.</remarks>
internal sealed class NvidiaToolkitRules : IToolkitRules
{
    public const string Id = "nvidia.cuda-too-new";

    public void OnFound(ImmutableArray<Toolkit> toolkits, NodeInventory inventory, DateTimeOffset at, HealthBoard board)
    {
        if (inventory.Devices.Select(device => device.Vendor == NvidiaFields.Table.Vendor ? device.Traits.GetValueOrDefault(NvidiaTraits.Cuda) : null).OfType<string>().FirstOrDefault() is not { } driver
            || ToolkitVersions.MajorOf(driver) is not { } most)
            return;
        Toolkit[] installed = [.. toolkits.Where(toolkit => toolkit.Name == "cuda")];
        if (installed.Length == 0 || installed.Any(toolkit => ToolkitVersions.MajorOf(toolkit.Version) <= most))
        {
            board.ReportHealthy(Id, Subject.Node, "a CUDA toolkit on the disk fits the driver, or there is none");
            return;
        }
        board.ReportLasting(new ProblemReport
        {
            Id = Id,
            Subject = Subject.Node,
            Severity = Severity.Degraded,
            Cause = Cause.Driver,
            Action = SuggestedAction.Observe,
            Clearing = Clearing.OnHealthyReading,
            Message = $"The driver is for CUDA {driver}, and every CUDA toolkit on the disk is of a newer major version: programs built with it do not start.",
            Evidence = string.Join(", ", installed.Select(toolkit => $"{toolkit.Path} is of {toolkit.Version}")),
            At = at,
        });
    }
}
