using System.Globalization;

namespace AIInfra.Vendors.Simulation;

/// <summary>A board whose files a simulated host has. The files are written from what is known of the drivers, not from what this agent reads.</summary>
/// <param name="slot">Its place on the host, unique over all boards: two boards a root port, the first half of all on NUMA node 0.</param>
public abstract class SimulatedBoard(SimulatedFiles files, int slot)
{
    private const int SlotsToNode = 16;

    protected SimulatedFiles Files { get; } = files;

    /// <summary>How a timeline names it: <c>nic</c>.</summary>
    public abstract string Kind { get; }

    public int Bus => 0x10 + slot;
    public string Address => string.Create(CultureInfo.InvariantCulture, $"0000:{Bus:x2}:00.0");
    public int? NumaNode { get; init; }

    /// <summary>Its folder below the host's root, as the kernel makes it: behind a root port.</summary>
    protected string Folder => string.Create(CultureInfo.InvariantCulture, $"sys/devices/pci0000:{(slot / 4) * 4 + 0x10:x2}/0000:{(slot / 4) * 4 + 0x10:x2}:{(slot / 2) % 2 + 1:x2}.0/{Address}");

    /// <summary>Writes all its files, healthy.</summary>
    public abstract void Write();

    /// <summary>Takes all its files away.</summary>
    public abstract void Remove();

    /// <summary>Does what a timeline says behind kind and number: <c>ecc uncorrected 1</c>.</summary>
    /// <returns>False when there is no such command.</returns>
    public virtual bool Apply(ReadOnlySpan<string> words)
    {
        switch (words)
        {
            case ["remove"]:
                Remove();
                return true;
            case ["add"]:
                Write();
                return true;
            default:
                return false;
        }
    }

    protected void WriteFunction(string maker, string device, string pciClass, string? driver)
    {
        Files.Put($"{Folder}/vendor", $"0x{maker}");
        Files.Put($"{Folder}/device", $"0x{device}");
        Files.Put($"{Folder}/class", pciClass);
        Files.Put($"{Folder}/revision", "0x00");
        Files.Put($"{Folder}/numa_node", NumaNode ?? slot / SlotsToNode);
        Files.Put($"{Folder}/current_link_speed", "32.0 GT/s PCIe");
        Files.Put($"{Folder}/current_link_width", 16);
        Files.Link($"sys/bus/pci/devices/{Address}", $"../../../{Folder["sys/".Length..]}");
        if (driver is null)
            return;
        Directory.CreateDirectory(Files.Here($"sys/bus/pci/drivers/{driver}"));
        Files.Link($"{Folder}/driver", $"../../../../bus/pci/drivers/{driver}");
        Files.Link($"sys/bus/pci/drivers/{driver}/{Address}", $"../../../../{Folder["sys/".Length..]}");
    }

    protected void RemoveFunction(string? driver)
    {
        if (driver is not null)
            Files.Remove($"sys/bus/pci/drivers/{driver}/{Address}");
        Files.Remove($"sys/bus/pci/devices/{Address}");
        Files.Remove(Folder);
    }
}
