using System.Collections.Immutable;

namespace AIInfra.Core.Devices;

/// <summary>Collects what is known of a device: <see cref="Device.Traits"/>.</summary>
public sealed class TraitSet
{
    private readonly ImmutableSortedDictionary<string, string>.Builder _traits = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);

    /// <param name="value">Null or empty: not known, and left out.</param>
    public void Add(string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
            _traits[name] = value;
    }

    public ImmutableSortedDictionary<string, string> ToImmutable() => _traits.ToImmutable();
}
