using AIInfra.Core.Health;

namespace AIInfra.Core.Sharing;

/// <summary>A unit is as healthy as the worst device behind it, and that as the device it is a part of.</summary>
public static class UnitHealth
{
    public static bool IsHealthy(this DeviceHealth health, OfferedUnit unit)
    {
        foreach (var device in unit.Devices)
        {
            if (!health.IsHealthy(device))
                return false;
        }
        return true;
    }

    /// <summary>The problem that makes a unit unhealthy, the one seen first; null when there is none.</summary>
    public static Problem? FatalProblem(this HealthSnapshot health, OfferedUnit unit) => health.Problems.FirstOrDefault(problem =>
        problem.Severity == Severity.Fatal && unit.Devices.Any(problem.Subject.IsOn));
}
