using AIInfra.Core.Sharing;

namespace AIInfra.Core.Cdi;

/// <summary>Goes by what the kubelets say of their pods. A unit that is no longer offered may have been anybody's.</summary>
public sealed class PodCdiHolders(PodResourcesBoard pods, OfferBoard offers) : ICdiHolders
{
    public bool MayHold(string vendor)
    {
        var (held, offer) = (pods.Current.Value, offers.Current.Value);
        if (!held.IsKnown)
            return true;
        var vendors = offer.Resources.SelectMany(resource => resource.Units).ToDictionary(unit => unit.Id, unit => unit.First.Vendor, StringComparer.Ordinal);
        return held.Held.Any(unit => !vendors.TryGetValue(unit.Id, out var owner) || owner == vendor);
    }
}
