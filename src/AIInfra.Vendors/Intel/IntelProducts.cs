using System.Collections.Frozen;

namespace AIInfra.Vendors.Intel;

/// <summary>What a PCI device id is sold as.</summary>
/// <param name="Product">As a label has it: <c>Max_1550</c>.</param>
/// <param name="Family">Likewise: <c>Max_Series</c>.</param>
internal sealed record IntelProduct(string Model, string Product, string Family);

internal static class IntelProducts
{
    private static readonly FrozenDictionary<string, IntelProduct> Known = VendorData.Lines("intel.products.tsv").Select(line => line.Split('\t'))
        .ToFrozenDictionary(cells => cells[0], cells => new IntelProduct(cells[1], cells[2], cells[3]), StringComparer.Ordinal);

    /// <param name="id">Four hexadecimal digits, lower case.</param>
    public static IntelProduct? Find(string id) => Known.GetValueOrDefault(id);
}
