using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Cambricon;

// Field values: several in one call, each row with a status of its own.
internal sealed unsafe partial class CndevLibrary
{
    private const int MostFields = 24;
    private const double MostUnsigned = 1e19; // all ones is 1.8e19

    /// <summary>Asks for fields by the driver's numbers; values are in the driver's own unit.</summary>
    /// <param name="fields">At most 24.</param>
    /// <param name="readings">One place for each field. A field that this driver does not know is absent.</param>
    /// <exception cref="VendorException">Device lost.</exception>
    public void Fields(CndevDevice device, ReadOnlySpan<int> fields, Span<Reading> readings)
    {
        readings.Clear();
        if (_telemetry.FieldValues == null)
            return;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(fields.Length, MostFields);
        Span<CndevFieldValue> rows = stackalloc CndevFieldValue[MostFields];
        rows.Clear();
        for (var i = 0; i < fields.Length; i++)
            rows[i].FieldId = fields[i];
        CndevReturn status;
        fixed (CndevFieldValue* start = rows)
            status = _telemetry.FieldValues(device.Handle, fields.Length, start);
        var state = CndevStatus.StateOf(status, "cndevDeviceGetFieldValues");
        for (var i = 0; i < fields.Length; i++)
            readings[i] = state == ReadingState.Present ? Row(rows[i]) : new Reading(state, 0);
    }

    private static Reading Row(in CndevFieldValue row) => (CndevReturn)row.Ret switch
    {
        CndevReturn.Success => Number(row) is var value && Math.Abs(value) < MostUnsigned ? Reading.Of(value) : Reading.Unknown,
        CndevReturn.InvalidArgument => Reading.Absent, // an id that this driver does not know: the row's counterpart of a missing symbol
        var status => new Reading(CndevStatus.StateOf(status, "cndevDeviceGetFieldValues"), 0),
    };

    /// <summary>Not a number when the type is one that this header does not have.</summary>
    private static double Number(in CndevFieldValue row) => row.ValueType switch
    {
        0 => BitConverter.UInt64BitsToDouble(row.Value),
        1 => (uint)row.Value,
        2 or 3 => row.Value,
        4 => (int)row.Value,
        5 or 6 => (long)row.Value,
        _ => double.NaN,
    };
}
