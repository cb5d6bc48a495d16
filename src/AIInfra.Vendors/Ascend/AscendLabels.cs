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
        Device[] chips = [.. inventory.Devices.Where(device => device.ParentId is null)];
        if (chips.GroupBy(device => device.Traits.GetValueOrDefault(AscendTraits.Chip, "")).MaxBy(group => group.Count())?.First() is not { } chip || AscendFamily.Find(chip) is not { } family)
            return labels.ToImmutable();
        void Add(string name, string? value)
        {
            if (value is not null && LabelValue.Of(value) is { Length: > 0 } text)
                labels[name] = text;
        }

        Add("node.kubernetes.io/npu.chip.name", chip.Traits.GetValueOrDefault(AscendTraits.Chip));
        Add("servertype", chip.Traits.GetValueOrDefault(AscendTraits.Cores) is { } cores ? $"{(family.Name == "910B" ? "Ascend910B" : family.Type)}-{cores}" : null);
        Add("accelerator-type", TypeOf(family, chip, chips.Length));
        Add("huawei.com/driver.version", inventory.DriverVersion);
        Add("mind-cluster/npu-chip-memory", chip.MemoryBytes is { } bytes ? string.Create(CultureInfo.InvariantCulture, $"{(bytes + (1 << 29)) >> 30}G") : null);
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
