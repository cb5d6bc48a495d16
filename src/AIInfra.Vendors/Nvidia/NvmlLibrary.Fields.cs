using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Nvidia;

/// <summary>Field ids, nvml.h <c>NVML_FI_DEV_*</c>: those that are asked for by name; the others are rows of <see cref="NvidiaTables.Fields"/>.
/// None of either moved between the headers 11.0 and 13.3.</summary>
internal enum NvmlField : uint
{
    MemoryTemperature = 82,
    /// <summary>KiB of data sent over NVLink; scope is the link, or all of them.</summary>
    NvlinkDataSent = 138,
    /// <summary>KiB of data received over NVLink; scope is the link, or all of them.</summary>
    NvlinkDataReceived = 139,
    RecoveryAction = 230,
}

// Field values: many counters in one call, each row with a status of its own.
internal sealed unsafe partial class NvmlLibrary
{
    /// <summary>Integers up to 2^53 are exact in a double; a counter above that is a broken answer.</summary>
    private const double MostCount = 1L << 53;
    private const uint AllLinks = uint.MaxValue;
    private const int MostFields = 96;
    private const double MostUnsigned = 1e19; // all ones is 1.8e19

    /// <summary>Asks for several fields in one call; values are in the driver's own unit (degrees, KiB, counts).</summary>
    /// <param name="fields">At most 96.</param>
    /// <param name="readings">One place for each field. A field that this driver does not know is absent.</param>
    /// <remarks>How large a value may be is for the caller to judge; all-ones is unknown.</remarks>
    /// <exception cref="VendorException">Device lost.</exception>
    public void Fields(NvmlDevice device, ReadOnlySpan<NvmlField> fields, Span<Reading> readings) => Fields(device, fields, 0, readings);

    /// <param name="scope">The number of a link, for fields of one.</param>
    /// <inheritdoc cref="Fields(NvmlDevice, ReadOnlySpan{NvmlField}, Span{Reading})"/>
    public void Fields(NvmlDevice device, ReadOnlySpan<NvmlField> fields, uint scope, Span<Reading> readings)
    {
        const string call = "nvmlDeviceGetFieldValues";
        readings.Clear();
        if (_telemetry.FieldValues == null)
            return;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(fields.Length, MostFields);

        Span<NvmlFieldValue> rows = stackalloc NvmlFieldValue[MostFields];
        rows.Clear();
        for (var i = 0; i < fields.Length; i++)
        {
            rows[i].FieldId = (uint)fields[i];
            rows[i].ScopeId = fields[i] is NvmlField.NvlinkDataSent or NvmlField.NvlinkDataReceived ? AllLinks : scope;
        }
        NvmlReturn status;
        fixed (NvmlFieldValue* start = rows)
            status = _telemetry.FieldValues(device.Handle, fields.Length, start);

        var state = NvmlStatus.StateOf(status, call);
        for (var i = 0; i < fields.Length; i++)
            readings[i] = state == ReadingState.Present ? Row(fields[i], rows[i], call) : new Reading(state, 0);
    }

    /// <summary>What the driver says must be done to bring the board back (<see cref="NvidiaRecovery"/>); absent on older drivers.</summary>
    public Reading RecoveryAction(NvmlDevice device)
    {
        Span<Reading> reading = stackalloc Reading[1];
        Fields(device, [NvmlField.RecoveryAction], reading);
        return reading[0];
    }

    private static Reading Row(NvmlField field, in NvmlFieldValue row, string call)
    {
        if (row.NvmlReturn == NvmlReturn.InvalidArgument)
            return Reading.Absent; // an id that this driver does not know: the row's counterpart of a missing symbol
        // Driver 545 declares a wrong type for the memory temperature; the 32-bit member holds in every version.
        var value = field == NvmlField.MemoryTemperature ? row.Value.UiVal : Number(row);
        return Checked(row.NvmlReturn, call, value, 1, MostUnsigned, least: double.MinValue);
    }

    /// <summary>Not a number when the type is one that this header does not have.</summary>
    private static double Number(in NvmlFieldValue row) => row.ValueType switch
    {
        NvmlValueType.Double => row.Value.DVal,
        NvmlValueType.UnsignedInt => row.Value.UiVal,
        NvmlValueType.UnsignedLong or NvmlValueType.UnsignedLongLong => row.Value.UllVal,
        NvmlValueType.SignedLongLong => row.Value.SllVal,
        NvmlValueType.SignedInt => row.Value.SiVal,
        NvmlValueType.UnsignedShort => row.Value.UsVal,
        _ => double.NaN,
    };
}
