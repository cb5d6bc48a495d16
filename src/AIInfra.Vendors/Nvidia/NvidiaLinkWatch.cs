using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Sampling;

namespace AIInfra.Vendors.Nvidia;

/// <summary>NVLinks that are down while they should be up: fewer than this GPU had before, or than others of its model on this node have.</summary>
/// <remarks>A board may have links that nothing is connected to, so the number alone says nothing. Links of a divided GPU are off by design.</remarks>
internal sealed class NvidiaLinkWatch(NvidiaJudge judge)
{
    /// <summary>Age at which another GPU's reading no longer counts.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(2);
    private static readonly int UpPlace = NvidiaFields.Table["nvlink_links_up"], DownPlace = NvidiaFields.Table["nvlink_links_down"], MigPlace = NvidiaFields.Table["mig_mode"];

    private static readonly NvidiaCondition Down = new()
    {
        Id = "nvidia.nvlink-down",
        Severity = Severity.Degraded,
        Cause = Cause.Fabric,
        Action = SuggestedAction.ResetDevice,
        Message = "NVLinks of the GPU are down that should be up: jobs over several GPUs are slow or fail; jobs on this GPU alone are not affected.",
        RaiseAfter = TimeSpan.FromMinutes(1),
        ClearAfter = TimeSpan.FromMinutes(1),
    };

    private readonly Dictionary<string, Seen> _seen = new(StringComparer.Ordinal);

    /// <param name="Most">Links up at once since this daemon was started.</param>
    private sealed record Seen(string Model, double Total, double Up, double Most, DateTimeOffset At);

    public void Look(Device device, Reading[] now, DateTimeOffset at, HealthBoard board)
    {
        var subject = Subject.Device(device.Id);
        if (now[MigPlace] is { IsPresent: true, Value: 1 })
        {
            _seen.Remove(device.Id);
            judge.Judge(Down, subject, NvidiaVerdict.Well, at, board);
            return;
        }
        if (!now[UpPlace].IsPresent || !now[DownPlace].IsPresent)
            return;
        var (up, total) = (now[UpPlace].Value, now[UpPlace].Value + now[DownPlace].Value);
        var most = Math.Max(up, _seen.GetValueOrDefault(device.Id)?.Most ?? 0);
        _seen[device.Id] = new Seen(device.Model, total, up, most, at);
        var others = _seen.Where(other => other.Value.Model == device.Model && other.Value.Total == total && at - other.Value.At <= Fresh)
            .Max(other => other.Value.Up);
        var wanted = Math.Max(most, others);
        judge.Judge(Down, subject, NvidiaVerdict.BadIf(up < wanted, Evidence(up, wanted, total)), at, board);
    }

    private static string Evidence(double up, double wanted, double total) =>
        string.Create(CultureInfo.InvariantCulture, $"NVML: {up} of {total} NVLinks active, {wanted} before or on its peers");
}
