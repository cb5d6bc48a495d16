using System.Collections.Concurrent;
using AIInfra.Core.Hosting;

namespace AIInfra.Core.Devices;

/// <summary>A board came to the PCI bus or left it, or a driver took it or let it go. Immutable.</summary>
/// <param name="What">As the kernel says it, for the log: <c>bind 0000:3b:00.0</c>. Outside input.</param>
/// <param name="Maker">Its number as sysfs writes it, <c>0x10de</c>; null when it is not told: then it may be anybody's board.</param>
public sealed record PciChange(string What, string? Maker = null);

/// <summary>The newest change of the bus for each maker: whoever lists its boards looks again when it is another one.</summary>
public sealed class PciChanges
{
    private readonly ConcurrentDictionary<string, Latest<PciChange>> _byMaker = new(StringComparer.Ordinal);

    /// <param name="maker">As in <see cref="PciChange.Maker"/>; null: every change is of interest.</param>
    public Latest<PciChange> Of(string? maker) => _byMaker.GetOrAdd(maker ?? "", static _ => new(new PciChange("start")));

    public void Publish(PciChange change)
    {
        foreach (var (maker, latest) in _byMaker)
        {
            if (change.Maker is null || maker.Length == 0 || maker == change.Maker)
                latest.Publish(change);
        }
    }
}
