using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Metrics;
using AIInfra.Core.Sampling;
using AIInfra.Core.Sharing;
using AIInfra.Core.VendorFiles;
using AIInfra.Core.VendorHost;
using Microsoft.Extensions.DependencyInjection;

namespace AIInfra.Vendors.Generic;

public static class GenericSetup
{
    /// <summary>Adds the devices that rows of a table describe.</summary>
    public static IServiceCollection AddGeneric(this IServiceCollection services, FileVendorOptions vendor, ImmutableArray<GenericRow> rows)
    {
        var evidence = new ConcurrentDictionary<string, string>(StringComparer.Ordinal);
        return services
            .AddFileVendor(GenericFields.Vendor, (host, _) => new GenericDriver(host, rows, evidence), _ => new GenericRules(evidence), vendor)
            .AddSingleton<IOfferPolicy>(new GenericOffers(rows))
            .AddSingleton<IAllocator>(new GenericAllocator(rows))
            .AddProfiles(NeutralProfile.Of(GenericFields.Table, [], []));
    }
}

/// <summary>A device whose check fails gets no new work until the check holds again.</summary>
internal sealed class GenericRules(ConcurrentDictionary<string, string> evidence) : IReadingRules
{
    public const string UnhealthyId = "generic.unhealthy";

    private static readonly int FailedCheck = GenericFields.Table["failed_check"];

    public void OnSample(Device device, Reading[]? before, Reading[] now, DateTimeOffset at, HealthBoard board)
    {
        var subject = Subject.Device(device.Id);
        switch (now[FailedCheck])
        {
            case { IsPresent: true, Value: 0 }:
                board.ReportHealthy(UnhealthyId, subject, "its health files say that it is well");
                break;
            case { IsPresent: true }:
                board.ReportLasting(new ProblemReport
                {
                    Id = UnhealthyId,
                    Subject = subject,
                    Severity = Severity.Fatal,
                    Cause = Cause.Hardware,
                    Action = SuggestedAction.Drain,
                    Clearing = Clearing.OnHealthyReading,
                    Message = $"{device.Model} says that it is not well: {evidence.GetValueOrDefault(device.Id, "a health check of its row fails")}.",
                    Evidence = evidence.GetValueOrDefault(device.Id, $"check {now[FailedCheck].Value.ToString(CultureInfo.InvariantCulture)} of its row fails"),
                    At = at,
                });
                break;
        }
    }
}

/// <summary>Each device as often as its row has slots.</summary>
internal sealed class GenericOffers(ImmutableArray<GenericRow> rows) : IOfferPolicy
{
    public string Vendor => GenericFields.Vendor;

    public Offer Decide(VendorInventory inventory)
    {
        var offer = new WholeDevices(Vendor).Decide(inventory);
        return offer with { Resources = [.. offer.Resources.Select(resource => resource with { Units = [.. resource.Units.SelectMany(Slots)] })] };
    }

    private IEnumerable<OfferedUnit> Slots(OfferedUnit unit)
    {
        var slots = rows.FirstOrDefault(row => row.Name == unit.First.Traits.GetValueOrDefault(GenericFields.RowTrait))?.Slots ?? 1;
        return slots == 1 ? [unit] : Enumerable.Range(0, slots).Select(slot => unit with { Id = string.Create(CultureInfo.InvariantCulture, $"{unit.Id}::{slot}"), Replica = slot });
    }
}

/// <summary>Nodes, mounts and environment as the row says.</summary>
internal sealed class GenericAllocator(ImmutableArray<GenericRow> rows) : IAllocator
{
    public string Vendor => GenericFields.Vendor;

    public AllocationSpec Allocate(OfferedResource resource, ImmutableArray<OfferedUnit> units)
    {
        Device[] devices = [.. units.SelectMany(unit => unit.Devices).DistinctBy(device => device.Id)];
        var name = devices[0].Traits.GetValueOrDefault(GenericFields.RowTrait);
        var row = rows.FirstOrDefault(row => row.Name == name) ?? throw new AllocationRefusedException($"the row {name}, which described {devices[0].Id}, is no longer in the agent's tables; restart the agent with it");
        string All(Func<Device, string?> value) => string.Join(',', devices.Select(value).OfType<string>());
        return new AllocationSpec
        {
            Environment = row.Environment.ToImmutableSortedDictionary(entry => entry.Key, entry => GenericTemplate.Fill(entry.Value, place => place switch
            {
                "ids" => All(device => device.Id),
                "indexes" => All(device => device.Traits.GetValueOrDefault(GenericFields.NumberTrait)),
                "addresses" => All(device => device.PciAddress),
                _ => All(device => device.NodeName is { } node ? $"/dev/{node}" : null),
            }), StringComparer.Ordinal),
            DeviceNodes = [.. devices.SelectMany(device => device.DeviceNodes).Distinct(StringComparer.Ordinal).Select(node => new AllocatedNode($"/dev/{node}", $"/dev/{node}", row.Permissions))],
            Mounts = row.Mounts,
        };
    }
}
