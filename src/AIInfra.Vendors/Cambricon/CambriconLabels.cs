using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Core.Labels;

namespace AIInfra.Vendors.Cambricon;

/// <summary>Labels by the names of Cambricon's device plugin, which have no domain. Where a node has several models, the one with the most boards is told.</summary>
internal sealed class CambriconLabels(HostPaths host) : IFeatureLabels
{
    private const string ProcessorLine = "model name";
    private const int MostLines = 64;

    public string Vendor => CambriconFields.Vendor;

    public string? TimestampName => null;

    public ImmutableSortedDictionary<string, string> Make(VendorInventory inventory)
    {
        var labels = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        if (inventory.CommonestBoard(device => device.Model) is not { } board)
            return labels.ToImmutable();
        labels.AddKnown("Model", board.Model);
        labels.AddKnown("DriverVersion", inventory.DriverVersion is { } driver ? $"v{driver}" : null);
        labels.AddKnown("MCUVersion", board.Firmware.GetValueOrDefault("mcu") is { } controller ? $"v{controller}" : null);
        labels.AddKnown("CPUType", Processor()?.Replace(' ', '_'));
        return labels.ToImmutable();
    }

    private string? Processor()
    {
        try
        {
            var line = File.ReadLines(Path.Combine(host.Proc, "cpuinfo")).Take(MostLines).FirstOrDefault(line => line.StartsWith(ProcessorLine, StringComparison.Ordinal));
            return line?.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon ? line[(colon + 1)..].Trim() : null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
