using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Ascend;

/// <summary>DCMI's name of a chip.</summary>
/// <param name="Card">Not used by the second generation of the interface, which numbers chips alone.</param>
internal readonly record struct DcmiChip(int Card, int Device);

/// <summary>One function about a chip. The two generations of DCMI differ in how the chip is named, and the arguments after it are the same.</summary>
/// <param name="name">In the first generation.</param>
/// <param name="newer">In the second one; empty where it has none.</param>
internal readonly unsafe struct DcmiCall(LibraryExports exports, bool isNewer, string name, string newer)
{
    private readonly nint _symbol = (isNewer ? newer : name) is { Length: > 0 } symbol ? exports.Find(symbol) : 0;
    private readonly bool _isNewer = isNewer;

    /// <summary>For messages.</summary>
    public string Name { get; } = isNewer && newer.Length > 0 ? newer : name;
    public bool IsThere => _symbol != 0;

    public DcmiReturn On(DcmiChip chip, void* one) => (DcmiReturn)(_symbol == 0 ? Missing
        : _isNewer ? ((delegate* unmanaged[Cdecl]<int, void*, int>)_symbol)(chip.Device, one)
        : ((delegate* unmanaged[Cdecl]<int, int, void*, int>)_symbol)(chip.Card, chip.Device, one));

    public DcmiReturn On(DcmiChip chip, int type, void* one) => (DcmiReturn)(_symbol == 0 ? Missing
        : _isNewer ? ((delegate* unmanaged[Cdecl]<int, int, void*, int>)_symbol)(chip.Device, type, one)
        : ((delegate* unmanaged[Cdecl]<int, int, int, void*, int>)_symbol)(chip.Card, chip.Device, type, one));

    public DcmiReturn On(DcmiChip chip, void* one, void* other) => (DcmiReturn)(_symbol == 0 ? Missing
        : _isNewer ? ((delegate* unmanaged[Cdecl]<int, void*, void*, int>)_symbol)(chip.Device, one, other)
        : ((delegate* unmanaged[Cdecl]<int, int, void*, void*, int>)_symbol)(chip.Card, chip.Device, one, other));

    public DcmiReturn On(DcmiChip chip, void* count, void* list, uint length) => (DcmiReturn)(_symbol == 0 ? Missing
        : _isNewer ? ((delegate* unmanaged[Cdecl]<int, void*, void*, uint, int>)_symbol)(chip.Device, count, list, length)
        : ((delegate* unmanaged[Cdecl]<int, int, void*, void*, uint, int>)_symbol)(chip.Card, chip.Device, count, list, length));

    /// <summary>The general query: main and sub command, buffer, its size in and out.</summary>
    public DcmiReturn On(DcmiChip chip, uint main, uint sub, void* buffer, uint* size) => (DcmiReturn)(_symbol == 0 ? Missing
        : _isNewer ? ((delegate* unmanaged[Cdecl]<int, uint, uint, void*, uint*, int>)_symbol)(chip.Device, main, sub, buffer, size)
        : ((delegate* unmanaged[Cdecl]<int, int, uint, uint, void*, uint*, int>)_symbol)(chip.Card, chip.Device, main, sub, buffer, size));

    public DcmiReturn On(DcmiChip chip, int type, int port, void* one, void* other) => (DcmiReturn)(_symbol == 0 ? Missing
        : _isNewer ? ((delegate* unmanaged[Cdecl]<int, int, int, void*, void*, int>)_symbol)(chip.Device, type, port, one, other)
        : ((delegate* unmanaged[Cdecl]<int, int, int, int, void*, void*, int>)_symbol)(chip.Card, chip.Device, type, port, one, other));

    /// <param name="filter">By value.</param>
    public DcmiReturn On(DcmiChip chip, DcmiEventFilter filter, delegate* unmanaged[Cdecl]<DcmiEvent*, void> handler) => (DcmiReturn)(_symbol == 0 ? Missing
        : _isNewer ? ((delegate* unmanaged[Cdecl]<int, DcmiEventFilter, delegate* unmanaged[Cdecl]<DcmiEvent*, void>, int>)_symbol)(chip.Device, filter, handler)
        : ((delegate* unmanaged[Cdecl]<int, int, DcmiEventFilter, delegate* unmanaged[Cdecl]<DcmiEvent*, void>, int>)_symbol)(chip.Card, chip.Device, filter, handler));

    private static int Missing => (int)DcmiReturn.FunctionMissing;
}
