namespace AIInfra.Aggregator.Streams;

/// <summary>Bounds of the agents' streams.</summary>
internal sealed record StreamOptions
{
    public required string Version { get; init; }
    /// <summary>A node that says nothing for so long is lost; its agent speaks three times as often.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(60);
    public int MostNodes { get; init; } = 20_000;
    /// <summary>Of one message; a snapshot of a node with everything wrong stays below 2 MiB.</summary>
    public int MaxMessageBytes { get; init; } = 4 << 20;
    /// <summary>States that an agent may send before they are received.</summary>
    public int Window { get; init; } = 8;
    /// <summary>Beyond it a stream is read no faster: its agent waits.</summary>
    public double MessagesPerSecond { get; init; } = 20;
    public double MessageBurst { get; init; } = 200;
    public double BytesPerSecond { get; init; } = 512 << 10;
    public double ByteBurst { get; init; } = 16 << 20;
    /// <summary>For Hello after the stream was opened.</summary>
    public TimeSpan HelloPatience { get; init; } = TimeSpan.FromSeconds(10);
    /// <summary>A stream that was opened with a bound token is ended after it, so that the token is looked at again.</summary>
    public TimeSpan TokenStreamLife { get; init; } = TimeSpan.FromHours(1);
    /// <summary>Uniform in [0, 1).</summary>
    public Func<double> Random { get; init; } = System.Random.Shared.NextDouble;
}
