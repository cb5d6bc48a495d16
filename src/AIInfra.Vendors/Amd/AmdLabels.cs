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
        if (inventory.Devices.Where(device => device.ParentId is null).GroupBy(device => device.Model).MaxBy(group => group.Count())?.First() is not { } board)
            return labels.ToImmutable();
        void Add(string name, string? value)
        {
            if (value is not null && LabelValue.Of(value) is { Length: > 0 } text)
                labels[Prefix + name] = text;
        }

        string? Trait(string name) => board.Traits.GetValueOrDefault(name);
        var sys = new KernelTree(host.Sys);
        Add("driver-version", inventory.DriverVersion);
        Add("driver-src-version", sys.Word("module/amdgpu/srcversion"));
        Add("device-id", Trait(AmdTraits.DeviceId));
        Add("product-name", Trait(AmdTraits.ProductName)?.Replace(' ', '_'));
        Add("family", Trait(AmdTraits.Target) switch { ['g', 'f', 'x', '9', _, ..] => "AI", ['g', 'f', 'x', '1', '0', ..] => "NV", _ => null });
        Add("vram", board.MemoryBytes is { } bytes ? string.Create(CultureInfo.InvariantCulture, $"{(bytes + (1 << 29)) >> 30}G") : null);
        Add("simd-count", Trait(AmdTraits.Simds));
        Add("cu-count", Trait(AmdTraits.Units));
        Add("compute-memory-partition", Trait(AmdTraits.Compute) is { } compute && Trait(AmdTraits.Memory) is { } memory ? $"{compute}_{memory}".ToLowerInvariant() : null);
        Add("compute-partitioning-supported", Trait(AmdTraits.ComputeModes) is null ? "false" : "true");
        Add("memory-partitioning-supported", Trait(AmdTraits.MemoryModes) is null ? "false" : "true");
        return labels.ToImmutable();
    }
}
