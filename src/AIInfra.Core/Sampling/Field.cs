using System.Collections.Immutable;

namespace AIInfra.Core.Sampling;

public enum FieldKind { Gauge, Counter }

/// <summary>Something that a vendor's devices can tell. Values are in base units: seconds, bytes, hertz, watts, joules, celsius, ratio 0 to 1.</summary>
/// <param name="Name">Unique in its table: <c>sm_clock_hertz</c>.</param>
/// <param name="Kind">A counter only grows, until the driver or the device restarts.</param>
public sealed record Field(string Name, FieldKind Kind)
{
    /// <summary>The call of the vendor's library, or the file, that it comes from: for the reference.</summary>
    public string Source { get; init; } = "";
    /// <summary>Which devices do not have it, as a phrase: for the reference. Empty: those whose driver does not answer the call.</summary>
    public string Absence { get; init; } = "";
}

/// <summary>The fields of one vendor. A reading's place in a sample is its field's place here.</summary>
public sealed class FieldTable
{
    private readonly Dictionary<string, int> _places;

    public FieldTable(string vendor, ImmutableArray<Field> fields)
    {
        Vendor = vendor;
        Fields = fields;
        _places = fields.Select((field, place) => (field.Name, place)).ToDictionary(entry => entry.Name, entry => entry.place, StringComparer.Ordinal);
    }

    public string Vendor { get; }
    public ImmutableArray<Field> Fields { get; }
    public int Count => Fields.Length;

    /// <summary>The place of a field by name. A name that is not in the table is a programming error and throws.</summary>
    public int this[string name] => _places[name];

    public bool TryFind(string name, out int place) => _places.TryGetValue(name, out place);
}
