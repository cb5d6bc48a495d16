namespace AIInfra.Core.Metrics;

/// <summary>Lines of the metrics page that a feature of its own brings.</summary>
public abstract class PageRows
{
    /// <summary>Whole families, HELP and TYPE before the first line of each. Reads memory only.</summary>
    internal abstract void Write(SampleWriter writer);
}
