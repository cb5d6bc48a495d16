using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Core.Labels;
using AIInfra.Core.VendorFiles;

namespace AIInfra.Vendors.Amd;

/// <summary>Labels by the names of AMD's node labeller. Where a node has several models, the one with the most boards is told.</summary>
internal sealed class AmdLabels(HostPaths host) : IFeatureLabels
{
    private const string Prefix = "amd.com/gpu.";

    public string Vendor => AmdFields.Vendor;

    public string? TimestampName => null;

    public ImmutableSortedDictionary<string, string> Make(VendorInventory inventory)
    {
        var labels = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        if (inventory.CommonestBoard(device => device.Model) is not { } board)
            return labels.ToImmutable();
        string? Trait(string name) => board.Traits.GetValueOrDefault(name);
        var sys = new KernelTree(host.Sys);
        labels.AddKnown(Prefix + "driver-version", inventory.DriverVersion);
        labels.AddKnown(Prefix + "driver-src-version", sys.Word("module/amdgpu/srcversion"));
        labels.AddKnown(Prefix + "device-id", Trait(AmdTraits.DeviceId));
        labels.AddKnown(Prefix + "product-name", Trait(AmdTraits.ProductName)?.Replace(' ', '_'));
        labels.AddKnown(Prefix + "family", Trait(AmdTraits.Target) switch { ['g', 'f', 'x', '9', _, ..] => "AI", ['g', 'f', 'x', '1', '0', ..] => "NV", _ => null });
        labels.AddKnown(Prefix + "vram", board.MemoryBytes is { } bytes ? string.Create(CultureInfo.InvariantCulture, $"{(bytes + (1 << 29)) >> 30}G") : null);
        labels.AddKnown(Prefix + "simd-count", Trait(AmdTraits.Simds));
        labels.AddKnown(Prefix + "cu-count", Trait(AmdTraits.Units));
        labels.AddKnown(Prefix + "compute-memory-partition", Trait(AmdTraits.Compute) is { } compute && Trait(AmdTraits.Memory) is { } memory ? $"{compute}_{memory}".ToLowerInvariant() : null);
        labels.AddKnown(Prefix + "compute-partitioning-supported", Trait(AmdTraits.ComputeModes) is null ? "false" : "true");
        labels.AddKnown(Prefix + "memory-partitioning-supported", Trait(AmdTraits.MemoryModes) is null ? "false" : "true");
        return labels.ToImmutable();
    }
}
