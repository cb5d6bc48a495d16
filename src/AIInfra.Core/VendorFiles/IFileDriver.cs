using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Core.VendorFiles;

/// <summary>A vendor whose devices are read from the kernel's files alone: there is no library that could crash, so it stays in the daemon.</summary>
/// <remarks>All calls but <see cref="Relate"/> come on a thread of the vendor's own, one at a time. Each may block for ever in the kernel: the thread is then
/// left behind with the board that it reads, and the others are served on a new one.</remarks>
public interface IFileDriver
{
    /// <summary>Its vendor is the key in the configuration.</summary>
    FieldTable Fields { get; }

    /// <summary>The boards that are there now. Asked every round, so it must be cheap: names of a folder or two.</summary>
    /// <exception cref="VendorException">The driver is not here, or does not say.</exception>
    FileListing List();

    /// <summary>Identity and place of a board, and its partitions.</summary>
    /// <param name="name">Out of the newest <see cref="List"/>.</param>
    /// <exception cref="VendorException">The board does not say who it is; others may.</exception>
    FileBoard Describe(string name);

    /// <summary>Adds the links between devices. Pure: reads no file.</summary>
    /// <param name="devices">All that were described, partitions behind their boards.</param>
    /// <returns>The same devices in the same order.</returns>
    ImmutableArray<Device> Relate(ImmutableArray<Device> devices) => devices;

    /// <summary>Opens the files in which a described device tells its readings.</summary>
    IDeviceFiles Open(string name, Device device);
}

/// <param name="Names">In the order of the driver's indexes, each once. A name need not outlive a boot.</param>
/// <param name="DriverVersion">Null when the driver has none of its own.</param>
/// <param name="Stamp">Another text when boards may have been divided anew under the same names.</param>
public sealed record FileListing(ImmutableArray<string> Names, string? DriverVersion, string Stamp = "")
{
    public bool IsSameAs(FileListing other) => Stamp == other.Stamp && DriverVersion == other.DriverVersion && Names.SequenceEqual(other.Names);
}

/// <param name="Partitions">Each with its <see cref="Device.Partition"/>.</param>
public sealed record FileBoard(Device Device, ImmutableArray<Device> Partitions);

/// <summary>The open files of one device.</summary>
public interface IDeviceFiles : IDisposable
{
    /// <summary>Reads every field. Allocates nothing while the files answer.</summary>
    /// <param name="readings">One place for each field of the driver's table, all absent on entry.</param>
    /// <exception cref="VendorException">The device as a whole does not answer.</exception>
    void Read(Span<Reading> readings);
}
