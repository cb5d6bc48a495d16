using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Nvidia;

// Getters of one or two 32-bit numbers, by the rows of NvidiaTables.
internal sealed unsafe partial class NvmlLibrary
{
    /// <summary>Answers a row of <see cref="NvidiaTables.Numbers"/>, in the base unit.</summary>
    public Reading Number(NvmlDevice device, int row)
    {
        var call = _bulk.Numbers[row];
        if (call == 0)
            return Reading.Absent;
        var (symbol, argument, _, scale, most, _) = NvidiaTables.Numbers[row];
        uint value;
        var status = argument is { } which
            ? ((delegate* unmanaged[Cdecl]<nint, uint, uint*, NvmlReturn>)call)(device.Handle, which, &value)
            : ((delegate* unmanaged[Cdecl]<nint, uint*, NvmlReturn>)call)(device.Handle, &value);
        // A board without the second fan or the threshold calls its number an invalid argument.
        return argument is not null && status == NvmlReturn.InvalidArgument ? Reading.Absent : Checked(status, symbol, value, scale, most);
    }

    /// <summary>Answers a row of <see cref="NvidiaTables.Pairs"/>, in the base unit.</summary>
    public (Reading First, Reading Second) Pair(NvmlDevice device, int row)
    {
        var call = (delegate* unmanaged[Cdecl]<nint, uint*, uint*, NvmlReturn>)_bulk.Pairs[row];
        if (call == null)
            return default;
        var (symbol, _, _, scale, most) = NvidiaTables.Pairs[row];
        uint first, second;
        var status = call(device.Handle, &first, &second);
        return (Checked(status, symbol, first, scale, most), Checked(status, symbol, second, scale, most));
    }

    private readonly struct BulkCalls(LibraryExports exports)
    {
        public readonly nint[] Numbers = [.. NvidiaTables.Numbers.Select(row => exports.Find(row.Symbol))];
        public readonly nint[] Pairs = [.. NvidiaTables.Pairs.Select(row => exports.Find(row.Symbol))];
    }
}
