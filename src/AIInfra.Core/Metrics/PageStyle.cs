namespace AIInfra.Core.Metrics;

/// <summary>The wire formats of the page.</summary>
public enum PageFormat
{
    /// <summary>Prometheus' text format, 0.0.4 and 1.0.0: for our names the two are the same bytes.</summary>
    Text,
    /// <summary>OpenMetrics text, 0.0.1 and 1.0.0.</summary>
    OpenMetrics,
    /// <summary>Prometheus' protobuf messages, each with its length before it.</summary>
    Protobuf,
}

/// <summary>How one rendering is written.</summary>
/// <param name="HasDots">Names in the escaping scheme <c>dots</c>, where an underscore is written twice. All other schemes leave our names as they are.</param>
public readonly record struct PageStyle(PageFormat Format, bool HasDots = false)
{
    internal const int Count = 6;

    internal int Place => 2 * (int)Format + (HasDots ? 1 : 0);

    internal string Escape(string name) => HasDots ? name.Replace("_", "__", StringComparison.Ordinal) : name;
}
