using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.VendorHost;

namespace AIInfra.Core.State;

/// <summary>Values out of the rows of the state, those of older agents included. Null for a row that cannot be understood.</summary>
internal static class StoredRows
{
    public static Problem? Problem(byte[] body)
    {
        var problem = Parse(body, StateJson.Default.Problem);
        return problem is null ? null : problem with { Evidence = problem.Evidence.IsDefault ? [] : [.. problem.Evidence.Where(line => line is not null)] };
    }

    public static VendorInventory? Inventory(byte[] body)
    {
        var inventory = Parse(body, StateJson.Default.VendorInventory);
        return inventory is null ? null : inventory with
        {
            State = VendorState.Starting,
            Devices = inventory.Devices.IsDefault ? [] : [.. inventory.Devices.Where(device => device is not null).Select(device => device with
            {
                DeviceNodes = device.DeviceNodes.IsDefault ? [] : [.. device.DeviceNodes.Where(node => node is not null)],
                Links = device.Links.IsDefault ? [] : [.. device.Links.Where(link => link is not null)],
            })],
        };
    }

    public static HealthTransition? Transition(byte[] body) => Parse(body, StateJson.Default.HealthTransition) is { ProblemId: not null, Why: not null } step ? step : null;

    public static VendorRelease? Release(string vendor, string since) =>
        DateTimeOffset.TryParseExact(since, "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var at) ? new VendorRelease(vendor, at) : null;

    private static T? Parse<T>(byte[] body, JsonTypeInfo<T> type) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(body, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
