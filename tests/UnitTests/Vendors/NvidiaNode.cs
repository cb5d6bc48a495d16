using System.Collections.Immutable;
using AIInfra.Core.Devices;

namespace AIInfra.UnitTests.Vendors;

/// <summary>An inventory of NVIDIA boards and partitions, as the driver would describe them.</summary>
internal static class NvidiaNode
{
    public static string Gpu(int index) => $"GPU-00000000-0000-0000-0000-{index:d12}";

    public static string Mig(int board, int number) => $"MIG-00000000-0000-0000-{board:d4}-{number:d12}";

    /// <param name="layouts">Of each board the profiles of its partitions; null for a board that is not in MIG mode.</param>
    public static VendorInventory Of(params string?[] layouts) => new()
    {
        Vendor = "nvidia",
        State = VendorState.Ready,
        DriverVersion = "570.124.06",
        Devices = [.. layouts.SelectMany((layout, index) => Board(index, layout))],
    };

    private static IEnumerable<Device> Board(int index, string? layout)
    {
        var board = new Device
        {
            Id = Gpu(index),
            Vendor = "nvidia",
            Model = "NVIDIA H100 80GB HBM3",
            ResourceName = "nvidia.com/gpu",
            Index = index,
            NodeName = $"nvidia{index}",
            PciAddress = $"0000:{0x1b + index:x2}:00.0",
            MemoryBytes = 81559L << 20,
            Traits = Traits(("compute", "9.0"), ("cuda", "12.8"), ("mig", layout is null ? "off" : "on")),
            DeviceNodes = [$"nvidia{index}", "nvidiactl", "nvidia-uvm", "nvidia-uvm-tools"],
        };
        yield return board;
        var number = 0;
        foreach (var profile in layout?.Split(',', StringSplitOptions.RemoveEmptyEntries) ?? [])
        {
            yield return board with
            {
                Id = Mig(index, number),
                ResourceName = $"nvidia.com/mig-{profile.Replace('+', '.')}",
                ParentId = board.Id,
                MemoryBytes = 9856L << 20,
                IsHeldBack = true,
                Partition = new DevicePartition(profile, 7 + number, 0) { Number = number },
                Traits = Traits(("multiprocessors", "16"), ("slices.gi", "1"), ("slices.ci", "1"), ("engines.copy", "1")),
            };
            number++;
        }
    }

    private static ImmutableSortedDictionary<string, string> Traits(params (string, string)[] traits) =>
        traits.ToImmutableSortedDictionary(trait => trait.Item1, trait => trait.Item2, StringComparer.Ordinal);
}
