namespace AIInfra.Core.VendorHost;

/// <summary>How one vendor is served. Section <c>vendors.NAME</c>.</summary>
public sealed record VendorOptions
{
    /// <summary>Null is <c>auto</c>: use it where the library and driver are there, be quiet where they are not. True: their absence is a problem.</summary>
    public bool? Enabled { get; init; }
    /// <summary>File name or path of the vendor's library.</summary>
    public required string Library { get; init; }
    /// <summary>From the start of one sampling round to the start of the next, by default 10 s.</summary>
    public TimeSpan SampleInterval { get; init; } = TimeSpan.FromSeconds(10);
    /// <summary>How long one call about one board may take before the board counts as hung, by default 10 s.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(10);
    /// <summary>How long a child may take to start and, apart from that, to open the library, by default 30 s each.</summary>
    public TimeSpan OpenTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
