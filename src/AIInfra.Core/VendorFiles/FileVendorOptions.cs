namespace AIInfra.Core.VendorFiles;

/// <summary>How a vendor without library is served. Section <c>vendors.NAME</c>.</summary>
public sealed record FileVendorOptions
{
    /// <summary>Null is <c>auto</c>: use it where there are devices. True: their absence is a problem.</summary>
    public bool? Enabled { get; init; }
    /// <summary>From the start of one sampling round to the start of the next, by default 10 s.</summary>
    public TimeSpan SampleInterval { get; init; } = TimeSpan.FromSeconds(10);
    /// <summary>How long the files of one board may take before the board counts as hung, by default 10 s.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(10);
}
