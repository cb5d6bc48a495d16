using System.Collections.Immutable;
using AIInfra.Core.Devices;

namespace AIInfra.Core.Cdi;

/// <summary>What spec files a vendor wants. Immutable.</summary>
/// <param name="Specs">Each of a kind of its own.</param>
/// <param name="Names">By <see cref="Device.Id"/>: the qualified name that an answer to the kubelet gives, in one of the specs.</param>
/// <param name="Extras">See <see cref="CdiNames.Extras"/>.</param>
/// <param name="Absence">Why there are no specs, or not all: a sentence without its stop, with what to do. Null when nothing is missing.</param>
public sealed record CdiOffer(
    ImmutableArray<CdiKind> Specs, ImmutableDictionary<string, string> Names, ImmutableDictionary<string, string> Extras, string? Absence)
{
    public static CdiOffer Nothing(string absence) =>
        new([], ImmutableDictionary<string, string>.Empty, ImmutableDictionary<string, string>.Empty, absence);
}

/// <param name="IsOwn">True for a kind that the agent alone answers for: a file of that kind's name is taken over. False: the kind
/// is left to whoever else defines it.</param>
public sealed record CdiKind(CdiSpec Spec, bool IsOwn);

/// <summary>Writes a vendor's devices as CDI specs. It may walk the host's files: never on a path that anybody waits for.</summary>
public interface ICdiSource
{
    /// <summary>The vendor whose devices it describes: <see cref="Device.Vendor"/>.</summary>
    string Vendor { get; }

    /// <summary>The kinds that it ever writes, so that files of an earlier run are known.</summary>
    ImmutableArray<string> Kinds { get; }

    /// <summary>Blocks on the disk.</summary>
    CdiOffer Describe(VendorInventory inventory);
}
