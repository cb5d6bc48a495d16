using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Labels;

namespace AIInfra.Vendors.Intel;

/// <summary>Labels by the names of the rules that Intel gives for Node Feature Discovery. Where a node has several products, the one with the most boards is told.</summary>
internal sealed class IntelLabels : IFeatureLabels
{
    public string Vendor => IntelFields.Vendor;

    public string? TimestampName => null;

    public ImmutableSortedDictionary<string, string> Make(VendorInventory inventory)
    {
        var labels = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        Device[] gpus = [.. inventory.Devices.Where(device => device.ParentId is null && device.Traits.ContainsKey(IntelTraits.DeviceId))];
        foreach (var kind in gpus.GroupBy(gpu => $"{gpu.Traits.GetValueOrDefault(IntelTraits.Class, "0000")}-{gpu.Traits[IntelTraits.DeviceId]}", StringComparer.Ordinal))
        {
            labels[$"{IntelDriver.Domain}/device-id.{kind.Key}.present"] = "true";
            labels[$"{IntelDriver.Domain}/device-id.{kind.Key}.count"] = kind.Count().ToString(CultureInfo.InvariantCulture);
        }
        if (gpus.Select(gpu => IntelProducts.Find(gpu.Traits[IntelTraits.DeviceId])).OfType<IntelProduct>().GroupBy(product => product).MaxBy(group => group.Count())?.Key is { } most)
            (labels[$"{IntelDriver.Domain}/product"], labels[$"{IntelDriver.Domain}/family"]) = (most.Product, most.Family);
        return labels.ToImmutable();
    }
}
