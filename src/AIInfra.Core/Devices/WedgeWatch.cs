using System.ComponentModel;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Linux.Uevents;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.Devices;

/// <summary>Hears when a driver of the kernel's graphics subsystem gives a GPU up, and what would bring it back: kernels of 6.15 and newer tell it, for amdgpu, i915 and xe alike.</summary>
/// <remarks>The event is not told again. What the kernel log says of the same is read apart; older kernels have that alone.</remarks>
public sealed partial class WedgeWatch(UeventReader reader, InventoryBoard inventory, HealthBoard health, TimeProvider time, ILogger<WedgeWatch> logger) : IWorker
{
    public const string WedgedId = "vendor.wedged", RecoveredId = "vendor.hang-recovered";

    /// <summary>The way back that needs nobody: the driver has taken it already.</summary>
    private const string Recovered = "none";

    private static readonly string[] Told = ["WEDGED", "PID", "TASK"];

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var happened in reader.ReadAsync(cancellationToken))
            {
                if (Judge(happened, inventory.Current.Value) is { } report)
                    health.Report(report with { At = time.GetUtcNow() });
            }
        }
        catch (Win32Exception fault)
        {
            LogRefused(fault.Message);
        }
    }

    /// <summary>Null when it is about no GPU of the node, or about something else.</summary>
    internal static ProblemReport? Judge(Uevent happened, NodeInventory node)
    {
        if (happened.Action != "change" || happened["SUBSYSTEM"] != "drm" || happened["WEDGED"] is not { Length: > 0 } ways || AddressOf(happened.Path) is not { } address
            || node.Devices.FirstOrDefault(device => device.ParentId is null && device.PciAddress == address) is not { } device)
            return null;
        var isOver = ways == Recovered;
        return new ProblemReport
        {
            Id = isOver ? RecoveredId : WedgedId,
            Subject = Subject.Device(device.Id),
            Severity = isOver ? Severity.Degraded : Severity.Fatal,
            Cause = isOver ? Cause.Application : Cause.Driver,
            Action = isOver ? SuggestedAction.TellPod : ways.Contains("rebind", StringComparison.Ordinal) || ways.Contains("bus-reset", StringComparison.Ordinal) ? SuggestedAction.ResetDevice : SuggestedAction.Reboot,
            Clearing = isOver ? Clearing.AfterQuiet(TimeSpan.FromHours(1)) : Clearing.OnReset,
            Message = isOver
                ? "Work on the GPU hung and the driver has reset it; the program that hung lost its work."
                : "The driver has given the GPU up after a hang: no program can use it before its driver is bound anew, it is reset, or the node boots.",
            Evidence = string.Join(' ', Told.Where(name => happened[name] is not null).Select(name => $"{name}={happened[name]}")),
            At = default,
            Witness = "uevent",
        };
    }

    /// <summary>The PCI function right above the card: <c>/devices/pci0000:00/0000:00:02.0/drm/card0</c>.</summary>
    private static string? AddressOf(string path) =>
        path.Split('/') is [.., var function, "drm", _] ? PciAddress.Normalise(function) : null;

    [LoggerMessage(Level = LogLevel.Information, Message = "The kernel does not tell of GPUs that hang here ({Reason}); its log is read all the same")]
    private partial void LogRefused(string reason);
}
