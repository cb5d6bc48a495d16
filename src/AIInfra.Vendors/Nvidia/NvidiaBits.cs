namespace AIInfra.Vendors.Nvidia;

/// <summary>Why the clocks of a GPU are as they are: nvml.h <c>nvmlClocksEventReason*</c>.</summary>
[Flags]
internal enum NvidiaClockEvents : uint
{
    None = 0,
    Idle = 0x1,
    ApplicationClocks = 0x2,
    SoftwarePowerCap = 0x4,
    /// <summary>By the board itself: hot, or out of power; the two below say which.</summary>
    HardwareSlowdown = 0x8,
    SyncBoost = 0x10,
    SoftwareThermal = 0x20,
    HardwareThermal = 0x40,
    /// <summary>A signal from outside the board: power supply or rack.</summary>
    PowerBrake = 0x80,
    DisplayClock = 0x100,
}

/// <summary>The fabric's health mask, nvml.h <c>NVML_GPU_FABRIC_HEALTH_MASK_*</c>: two bits a condition (0 not supported, 1 true, 2 false),
/// four for the configuration.</summary>
internal static class NvidiaFabricHealth
{
    private const int ConfigurationAt = 8, True = 1, WellConfigured = 1;

    private static readonly (int At, string Name)[] Conditions =
        [(0, "degraded bandwidth"), (2, "route recovery"), (4, "route unhealthy"), (6, "access timeout recovery")];

    private static readonly string[] Configurations =
        ["", "", "wrong system GUID", "wrong chassis serial", "in no partition", "too few NVLinks", "wrong GPU firmware", "wrong location", "GPU state invalid"];

    /// <summary>What is not well, in words; empty when everything that is told is.</summary>
    public static IEnumerable<string> Faults(uint mask)
    {
        foreach (var (at, name) in Conditions)
        {
            if ((mask >> at & 3) == True)
                yield return name;
        }
        if ((mask >> ConfigurationAt & 15) is > WellConfigured and var configuration)
            yield return configuration < Configurations.Length ? Configurations[configuration] : $"configuration fault {configuration}";
    }
}
