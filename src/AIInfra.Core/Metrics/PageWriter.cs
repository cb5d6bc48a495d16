using System.Buffers;

namespace AIInfra.Core.Metrics;

/// <summary>Writes series of one family after the other. Allocates nothing for a series.</summary>
public abstract class PageWriter
{
    private MetricHead? _head;
    private bool _isOpen;

    /// <summary>Series since <see cref="Begin"/>.</summary>
    internal int Series { get; private set; }

    private protected IBufferWriter<byte> Output { get; private set; } = null!; // WriteTo comes first

    /// <summary>The series that follow are of this family. One without any is not on the page at all; a name must not begin twice.</summary>
    public void Family(MetricHead head)
    {
        Close();
        _head = head;
    }

    /// <param name="labels">Of the series.</param>
    /// <param name="value">One that is not finite is no value: there is no series then.</param>
    public void Sample(LabelSet labels, double value) => Sample(labels, LabelSet.Empty, value);

    /// <param name="labels">What it shares with others: the device's.</param>
    /// <param name="more">What is its own.</param>
    /// <param name="value">See <see cref="Sample(LabelSet, double)"/>.</param>
    public void Sample(LabelSet labels, LabelSet more, double value)
    {
        if (!double.IsFinite(value))
            return;
        Open();
        WriteSample(_head!, labels, more, value);
    }

    /// <inheritdoc cref="Sample(LabelSet, double)"/>
    public void Sample(LabelSet labels, long value) => Sample(labels, LabelSet.Empty, value);

    /// <inheritdoc cref="Sample(LabelSet, LabelSet, double)"/>
    public void Sample(LabelSet labels, LabelSet more, long value)
    {
        Open();
        WriteSample(_head!, labels, more, value);
    }

    /// <summary>A new page.</summary>
    internal void Begin() => (Series, _head, _isOpen) = (0, null, false);

    /// <summary>Where the next bytes go: the output of a page may change between two families.</summary>
    internal void WriteTo(IBufferWriter<byte> output) => Output = output;

    /// <summary>The family is complete.</summary>
    internal void Close()
    {
        if (_isOpen)
            EndFamily(_head!);
        (_head, _isOpen) = (null, false);
    }

    /// <summary>The page is complete.</summary>
    internal abstract void End();

    private protected abstract void BeginFamily(MetricHead head);
    private protected abstract void EndFamily(MetricHead head);
    private protected abstract void WriteSample(MetricHead head, LabelSet labels, LabelSet more, double value);
    private protected abstract void WriteSample(MetricHead head, LabelSet labels, LabelSet more, long value);

    private void Open()
    {
        Series++;
        if (_isOpen)
            return;
        BeginFamily(_head ?? throw new InvalidOperationException("A series was written before its family."));
        _isOpen = true;
    }
}

/// <summary>Writes nothing: how many series would there be?</summary>
internal sealed class SeriesCounter : PageWriter
{
    internal override void End() { }
    private protected override void BeginFamily(MetricHead head) { }
    private protected override void EndFamily(MetricHead head) { }
    private protected override void WriteSample(MetricHead head, LabelSet labels, LabelSet more, double value) { }
    private protected override void WriteSample(MetricHead head, LabelSet labels, LabelSet more, long value) { }
}
