using System.Collections.Immutable;
using AIInfra.Core.Cdi;
using AIInfra.Core.Devices;
using AIInfra.Core.Sharing;

namespace AIInfra.Vendors.Intel;

/// <summary>GPUs by the kernel driver that has them, as Intel's device plugin names them, and where asked for all of them together for programs that watch.</summary>
/// <param name="cdi">Asked at each allocation where options want CDI; must not block.</param>
internal sealed class IntelOffers(IntelOptions options, Func<CdiNames>? cdi = null) : IOfferPolicy, IAllocator
{
    private const string ByPathFolder = "/dev/dri/by-path";

    public string Vendor => IntelFields.Vendor;

    /// <summary>With as many units a GPU as the options say.</summary>
    public static IOfferPolicy Of(IntelOptions options) => new SharedOffers(new IntelOffers(options), new SharingPlan
    {
        Rules = options.SharedDevNum < SharingPlan.LeastReplicas ? [] : [.. Resources.Select(resource => new ShareRule(resource, options.SharedDevNum))],
        Placement = options.Placement,
    });

    private static ImmutableArray<string> Resources { get; } = [$"{IntelDriver.Domain}/i915", $"{IntelDriver.Domain}/xe"];

    public Offer Decide(VendorInventory inventory)
    {
        Device[] gpus = [.. inventory.Devices.Where(device => device.ParentId is null && !device.DeviceNodes.IsEmpty && IsChosen(device)).DistinctBy(device => device.Id)];
        var offer = new WholeDevices(Vendor).Decide(inventory with { Devices = [.. gpus] });
        return offer with { Resources = [.. offer.Resources.Concat(Watched(gpus)).OrderBy(resource => resource.Name, StringComparer.Ordinal)] };
    }

    /// <summary>A GPU that belongs to its virtual functions is watched all the same.</summary>
    private IEnumerable<OfferedResource> Watched(Device[] gpus) => options.Monitoring switch
    {
        IntelMonitoring.Together when gpus.Length > 0 => [All($"{IntelDriver.Domain}/monitoring", gpus)],
        IntelMonitoring.ByDriver => gpus.GroupBy(gpu => gpu.ResourceName, StringComparer.Ordinal).Select(group => All($"{group.Key}_monitoring", group)),
        _ => [],
    };

    private static OfferedResource All(string name, IEnumerable<Device> gpus) => new()
    {
        Name = name,
        Units = [new OfferedUnit { Id = name.Replace('/', '.'), Devices = [.. gpus], IsPool = true, IsToWatch = true }],
    };

    private bool IsChosen(Device gpu) => gpu.Traits.GetValueOrDefault(IntelTraits.DeviceId, "") is var id
        && (options.AllowIds.IsEmpty || options.AllowIds.Contains(id)) && !options.DenyIds.Contains(id);

    public AllocationSpec Allocate(OfferedResource resource, ImmutableArray<OfferedUnit> units)
    {
        Device[] gpus = [.. units.SelectMany(unit => unit.Devices).DistinctBy(gpu => gpu.Id)];
        if (options.UsesCdi)
            return new AllocationSpec { CdiDevices = Names(gpus, cdi!()) };
        return new AllocationSpec
        {
            DeviceNodes = [.. gpus.SelectMany(gpu => gpu.DeviceNodes).Distinct(StringComparer.Ordinal).Select(node => new AllocatedNode($"/dev/{node}", $"/dev/{node}", "rw"))],
            Mounts = Links(options, gpus),
        };
    }

    /// <summary>Links of /dev/dri/by-path to these GPUs, as the options want them.</summary>
    public static ImmutableArray<AllocatedMount> Links(IntelOptions options, Device[] gpus) => options.ByPath switch
    {
        IntelByPath.None => [],
        IntelByPath.Folder when gpus.Any(gpu => gpu.Traits.ContainsKey(IntelTraits.ByPath)) => [new AllocatedMount(ByPathFolder, ByPathFolder, IsReadOnly: true)],
        _ => [.. gpus.SelectMany(gpu => gpu.Traits.GetValueOrDefault(IntelTraits.ByPath, "").Split(',', StringSplitOptions.RemoveEmptyEntries))
            .Select(link => new AllocatedMount($"{ByPathFolder}/{link}", $"{ByPathFolder}/{link}", IsReadOnly: true))],
    };

    private static ImmutableArray<string> Names(Device[] gpus, CdiNames names)
    {
        var found = ImmutableArray.CreateBuilder<string>();
        foreach (var gpu in gpus)
        {
            var (name, absence) = names.Of(gpu);
            found.Add(name ?? throw new AllocationRefusedException($"GPU {gpu.Id} has no CDI name, by which vendors.intel.injection asks to give it: {absence}"));
        }
        return found.ToImmutable();
    }
}
