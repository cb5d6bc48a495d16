using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.VendorHost;
using AIInfra.Vendors.Nvidia;

namespace AIInfra.UnitTests.Vendors;

/// <summary>Tells a board what the library's events say of the board GPU-0.</summary>
internal sealed class NvidiaEventBoard(HealthBoard board)
{
    private static readonly Device Gpu = new() { Id = "GPU-0", Vendor = "nvidia", Model = "x", ResourceName = "nvidia.com/gpu" };
    private readonly NvidiaRules _rules = new(NvidiaXidTable.Embedded, () => TimeSpan.FromHours(1));

    public void Raise(long xid, DateTimeOffset at) => _rules.OnEvent(Gpu, new VendorEvent(Gpu.Id, NvidiaEvent.Xid, xid, null), at, board);
}
