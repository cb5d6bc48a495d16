using System.Globalization;

namespace AIInfra.Vendors.Nvidia;

/// <summary>How often a reading is asked for.</summary>
internal enum NvidiaPace
{
    /// <summary>In each round.</summary>
    Round,
    /// <summary>Limits and modes, which change by hand.</summary>
    Slow,
    /// <summary>Takes the driver long; off unless asked for.</summary>
    Costly,
}

/// <summary>Which readings are taken how often. Crosses to the vendor host in its environment.</summary>
/// <param name="SlowInterval">From one reading of limits and modes to the next; in between the last answer stands. Zero: in each round.</param>
/// <param name="HasPcieThroughput">The driver counts for 20 ms a direction and board, and nothing else is asked meanwhile.</param>
public sealed record NvidiaSampling(TimeSpan SlowInterval, bool HasPcieThroughput)
{
    private const string SlowName = "AIINFRA_VENDOR_HOST_NVIDIA_SLOW_MS", PcieName = "AIINFRA_VENDOR_HOST_NVIDIA_PCIE";

    public static NvidiaSampling Always { get; } = new(TimeSpan.Zero, false);

    public KeyValuePair<string, string>[] ToEnvironment() =>
    [
        new(SlowName, ((long)SlowInterval.TotalMilliseconds).ToString(CultureInfo.InvariantCulture)),
        new(PcieName, HasPcieThroughput ? "1" : "0"),
    ];

    /// <summary>Of this process; in each round and without costly ones where it says nothing.</summary>
    internal static NvidiaSampling FromEnvironment() => new(
        long.TryParse(Environment.GetEnvironmentVariable(SlowName), NumberStyles.None, CultureInfo.InvariantCulture, out var slow) ? TimeSpan.FromMilliseconds(slow) : TimeSpan.Zero,
        Environment.GetEnvironmentVariable(PcieName) == "1");
}
