namespace AIInfra.Core.Metrics;

/// <summary>Lines of the metrics page that a feature of its own brings.</summary>
public abstract class PageRows
{
    /// <summary>Whole families. Reads memory only; called by one thread at a time.</summary>
    public abstract void Write(PageWriter writer);
}
