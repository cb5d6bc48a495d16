using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Sampling;

namespace AIInfra.Vendors.Nvidia;

/// <summary>All that readings of a board say of its health, beside what it asks for itself (<see cref="NvidiaRecovery"/>).</summary>
internal sealed class NvidiaWatches
{
    private readonly NvidiaJudge _judge;
    private readonly NvidiaSlowdowns _slowdowns;
    private readonly NvidiaLinkWatch _links;

    public NvidiaWatches(Func<TimeSpan> uptime)
    {
        _judge = new NvidiaJudge(uptime);
        _slowdowns = new NvidiaSlowdowns(_judge);
        _links = new NvidiaLinkWatch(_judge);
    }

    public void Look(Device device, Reading[] now, DateTimeOffset at, HealthBoard board)
    {
        var subject = Subject.Device(device.Id);
        foreach (var (condition, look) in NvidiaConditions.All)
            _judge.Judge(condition, subject, look(now), at, board);
        _slowdowns.Look(subject, now, at, board);
        _links.Look(device, now, at, board);
    }
}
