using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Labels;

namespace AIInfra.Vendors.Ascend;

/// <summary>Labels by the names of the vendor's plugin, by which its scheduler tells servers apart. Where a node has several kinds of chips, the one with the most is told.</summary>
internal sealed class AscendLabels : IFeatureLabels
{
    public string Vendor => AscendFields.Vendor;

    public string? TimestampName => null;

    public ImmutableSortedDictionary<string, string> Make(VendorInventory inventory)
    {
        var labels = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        if (inventory.CommonestBoard(device => device.Traits.GetValueOrDefault(AscendTraits.Chip, "")) is not { } chip || AscendFamily.Find(chip) is not { } family)
            return labels.ToImmutable();
        labels.AddKnown("node.kubernetes.io/npu.chip.name", chip.Traits.GetValueOrDefault(AscendTraits.Chip));
        labels.AddKnown("servertype", chip.Traits.GetValueOrDefault(AscendTraits.Cores) is { } cores ? $"{(family.Name == "910B" ? "Ascend910B" : family.Type)}-{cores}" : null);
        labels.AddKnown("accelerator-type", TypeOf(family, chip, inventory.Boards.Count()));
        labels.AddKnown("huawei.com/driver.version", inventory.DriverVersion);
        labels.AddKnown("mind-cluster/npu-chip-memory", chip.MemoryBytes is { } bytes ? string.Create(CultureInfo.InvariantCulture, $"{(bytes + (1 << 29)) >> 30}G") : null);
        return labels.ToImmutable();
    }

    /// <summary>What the scheduler's policies go by; null where several products look alike.</summary>
    private static string? TypeOf(AscendFamily family, Device chip, int count) => chip.Traits.ContainsKey(AscendTraits.Unlinked) ? null : (family.Links, count) switch
    {
        (AscendLinks.RingsOfFour, 8) => "module",
        (AscendLinks.MeshOfEight, 8 or 16) => string.Create(CultureInfo.InvariantCulture, $"module-910b-{count}"),
        (AscendLinks.Switched, 16) => "module-a3-16",
        _ => null,
    };
}
