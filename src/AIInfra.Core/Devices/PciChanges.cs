using AIInfra.Core.Hosting;

namespace AIInfra.Core.Devices;

/// <summary>A board came to the PCI bus or left it, or a driver took it or let it go. Immutable.</summary>
/// <param name="What">As the kernel says it, for the log: <c>bind 0000:3b:00.0</c>. Outside input.</param>
public sealed record PciChange(string What);

/// <summary>The newest change of the bus: whoever lists devices looks again when it is another one.</summary>
public sealed class PciChanges
{
    public Latest<PciChange> Current { get; } = new(new PciChange("start"));
}
