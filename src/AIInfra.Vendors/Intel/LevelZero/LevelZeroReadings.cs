using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Sampling;

namespace AIInfra.Vendors.Intel.LevelZero;

/// <summary>What Level Zero said last, in the daemon: boards of its own, from which the GPUs' readings are filled up. Any thread.</summary>
internal sealed class LevelZeroReadings
{
    /// <summary>Of the library's worker; nobody else sees these GPUs, which are those of the files.</summary>
    public InventoryBoard Inventory { get; } = new();
    public SampleBoard Samples { get; } = new();

    /// <summary>Another text when GPUs are linked in another way.</summary>
    public string Stamp => string.Join(' ', Gpus.Where(gpu => !gpu.Links.IsEmpty).Select(gpu => $"{gpu.Id}:{string.Join(',', gpu.Links.Select(link => $"{link.PeerId}*{link.Count}"))}"));

    /// <summary>Xe links; empty while none are known.</summary>
    public ImmutableArray<DeviceLink> LinksOf(string id) => Gpus.FirstOrDefault(gpu => gpu.Id == id)?.Links ?? [];

    private ImmutableArray<Device> Gpus => Inventory.Current.Value.Vendors is [var only, ..] ? only.Devices : [];

    /// <summary>Fills what the files left out. What they tell stays.</summary>
    /// <param name="known">Which places the library filled before: they are unknown, not absent, while it does not answer.</param>
    public void Fill(string id, Span<Reading> readings, bool[] known)
    {
        var sample = Samples.Current.Value.Vendors is [var only, ..] ? only.Find(id) : null;
        for (var place = 0; place < readings.Length; place++)
        {
            if (readings[place].State != ReadingState.Absent)
                continue;
            if (sample is not null)
            {
                readings[place] = sample.Readings[place];
                known[place] = readings[place].State != ReadingState.Absent;
            }
            else if (known[place])
                readings[place] = Reading.Unknown;
        }
    }
}
