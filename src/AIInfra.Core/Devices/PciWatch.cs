using System.ComponentModel;
using System.Globalization;
using AIInfra.Core.Hosting;
using AIInfra.Linux.Uevents;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.Devices;

/// <summary>Tells at once when an accelerator comes to the PCI bus or leaves it, or when a driver takes it or lets it go.</summary>
/// <remarks>Only the first to know: without it the slow look of each vendor finds the same within a minute.</remarks>
public sealed partial class PciWatch(UeventReader reader, PciChanges changes, ILogger<PciWatch> logger) : IWorker
{
    /// <summary>In a maker's place, for mediated devices: whose they are their events do not say.</summary>
    private const string Mediated = "mdev";

    private const uint Display = 0x03, CoProcessor = 0x0b, Accelerator = 0x12;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var happened in reader.ReadAsync(cancellationToken))
            {
                if (What(happened) is { } what)
                    changes.Publish(new PciChange(what, happened["SUBSYSTEM"] == Mediated ? Mediated : MakerOf(happened["PCI_ID"])));
            }
        }
        catch (Win32Exception fault)
        {
            LogRefused(fault.Message);
        }
    }

    /// <summary>Null when it is about no accelerator.</summary>
    internal static string? What(Uevent happened)
    {
        if (happened == Uevent.Overrun)
            return "events were lost";
        if (happened["SUBSYSTEM"] == Mediated && happened.Action is ("add" or "remove"))
            return $"{happened.Action} of a mediated device";
        if (happened["SUBSYSTEM"] != "pci" || happened.Action is not ("add" or "remove" or "bind" or "unbind") || !IsBoard(happened["PCI_CLASS"]))
            return null;
        return $"{happened.Action} {(happened["PCI_SLOT_NAME"] is { } slot ? PciAddress.Normalise(slot) : null) ?? "of a device"}";
    }

    /// <summary>PCI_ID is <c>10DE:2330</c>.</summary>
    private static string? MakerOf(string? id) =>
        id?.Split(':') is [{ Length: <= 4 } maker, _] && ushort.TryParse(maker, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number) ? $"0x{number:x4}" : null;

    /// <summary>PCI_CLASS is 24 bits in hexadecimal without leading zeros, the base class on top. One whose class is not told may be any.</summary>
    private static bool IsBoard(string? pciClass) =>
        !uint.TryParse(pciClass, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) || value >> 16 is Display or CoProcessor or Accelerator;

    [LoggerMessage(Level = LogLevel.Information, Message = "The kernel does not tell of device changes here ({Reason}); the devices are looked for every 60 s instead")]
    private partial void LogRefused(string reason);
}
