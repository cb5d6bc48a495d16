using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using AIInfra.Core.Devices;
using AIInfra.Core.Sampling;

namespace AIInfra.Core.VendorHost;

/// <summary>A vendor's library, as it is used inside the vendor host: the child process that may crash or hang with it.</summary>
/// <remarks>All calls come on one thread, one at a time, but for <see cref="WaitEvent"/>, which has a thread of its own.
/// Any call may block for ever in the kernel: the daemon notices by its deadline and abandons the child.</remarks>
public interface IVendorLibrary
{
    FieldTable Fields { get; }

    /// <summary>Loads the library and initialises it.</summary>
    /// <param name="path">File name or path from the configuration: <c>vendors.NAME.library</c>.</param>
    /// <exception cref="VendorException">The library or its driver is missing, or refuses.</exception>
    LibraryInfo Open(string path);

    /// <summary>Boards the driver counts at this moment, asked about once a minute; null when this library can tell only at <see cref="Open"/>.</summary>
    /// <exception cref="VendorException">The driver does not say.</exception>
    int? CountDevices() => null;

    /// <summary>Identity, place and links of the board with this driver index (0 to <see cref="LibraryInfo.DeviceCount"/> - 1).</summary>
    /// <exception cref="VendorException">The board does not answer; other boards may.</exception>
    Device Describe(int index);

    /// <summary>Reads every field of a board that was described before.</summary>
    /// <param name="readings">One place for each field of <see cref="Fields"/>, all absent on entry.</param>
    /// <exception cref="VendorException">The board as a whole does not answer.</exception>
    void Sample(int index, Span<Reading> readings);

    /// <summary>The partitions that a described board has at this moment, each with its <see cref="Device.Partition"/>. Asked after every
    /// <see cref="Describe"/> and <see cref="Sample"/>, so it must be cheap.</summary>
    /// <exception cref="VendorException">The board does not say: the partitions known of it stay.</exception>
    ImmutableArray<Device> Partitions(int index) => [];

    /// <summary>Reads every field that a partition has of its own.</summary>
    /// <param name="partition">Out of the newest answer of <see cref="Partitions"/>.</param>
    /// <param name="readings">As for <see cref="Sample"/>.</param>
    /// <exception cref="VendorException">The partition does not answer.</exception>
    void SamplePartition(int index, Device partition, Span<Reading> readings)
    {
    }

    /// <summary>Who had work on the board, or on a partition of it, when it was last sampled. Asks the driver nothing.</summary>
    /// <param name="partition">Null: on the board.</param>
    ImmutableArray<DeviceProcess> Processes(int index, Device? partition) => [];

    /// <summary>Waits for one device event.</summary>
    /// <returns>False when nothing came in time, or when this library has no events (after waiting all the same).</returns>
    /// <exception cref="VendorException">The wait itself failed; it will be called again after a pause.</exception>
    bool WaitEvent(TimeSpan atMost, [NotNullWhen(true)] out VendorEvent? happened);
}

/// <summary>A library that can reset a board by itself.</summary>
public interface IResettingLibrary : IVendorLibrary
{
    /// <summary>Resets a board, and waits until the driver says how that ended: some minutes at most. Asked of a child that was started for this alone, when nobody has the board open.</summary>
    /// <param name="pciAddress">Of the board; it need not have been described.</param>
    /// <exception cref="VendorException">Refused: nothing was done. Any other: it was tried and did not succeed.</exception>
    void Reset(string pciAddress);
}

/// <param name="DeviceCount">Boards the driver counts, including those that will not answer.</param>
/// <param name="IsSimulated">The library says of itself that it is a simulator.</param>
public sealed record LibraryInfo(string? DriverVersion, string? LibraryVersion, int DeviceCount, bool IsSimulated);

/// <summary>Something a driver told without being asked.</summary>
/// <param name="DeviceId">The <see cref="Device.Id"/> it is about; null when the driver did not say.</param>
/// <param name="Kind">The vendor's word for it: <c>xid</c>, <c>ecc-double-bit</c>.</param>
/// <param name="Value">The vendor's code, for example the Xid.</param>
/// <param name="Partition">The partition it is attributed to, in the vendor's words (<c>gi 3 ci 0</c>); null for the whole device.</param>
public sealed record VendorEvent(string? DeviceId, string Kind, long Value, string? Partition)
{
    /// <summary>The <see cref="Kind"/> that any vendor may use: a board was divided anew, so the boards are described again at once.</summary>
    public const string Repartitioned = "repartitioned";
}

public enum VendorFault
{
    /// <summary>No library or no driver here: a normal state of a host.</summary>
    Absent,
    /// <summary>Try again: the driver is starting, busy or being replaced.</summary>
    Transient,
    /// <summary>The board is gone from the bus or needs a reset before it answers.</summary>
    DeviceLost,
    /// <summary>The answer will not change without a person: no permission, versions that do not fit.</summary>
    Refused,
}

/// <summary>A vendor's library refused. Names the native call and its status, so that no caller needs to match text.</summary>
public sealed class VendorException(string call, int status, VendorFault fault, string message)
    : Exception($"{call} answered {status}: {message}")
{
    public string Call { get; } = call;
    public int Status { get; } = status;
    public VendorFault Fault { get; } = fault;
    /// <summary>What it means and what to do, without the call and the status.</summary>
    public string Explanation { get; } = message;
}
