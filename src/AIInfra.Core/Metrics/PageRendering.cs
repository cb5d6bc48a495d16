using System.Buffers;

namespace AIInfra.Core.Metrics;

/// <summary>One page on its way to one reader: written piece by piece, so that a slow reader holds a piece in memory and not a page.</summary>
public sealed class PageRendering : IDisposable
{
    /// <summary>A piece ends after so many bytes, at the end of a device's series. In protobuf at the end of a family, whose length must be known.</summary>
    private const int PieceBytes = 32 << 10;

    private readonly MetricsPage _page;

    internal PageRendering(MetricsPage page, PageStyle style)
    {
        (_page, Style) = (page, style);
        Writer = style.Format == PageFormat.Protobuf ? new ProtobufPageWriter(style) : new TextPageWriter(style);
        Output = new CountedOutput();
        IsFull = () => Output.Written >= PieceBytes;
    }

    internal PageStyle Style { get; }
    internal PageWriter Writer { get; }
    internal PageMoment Moment { get; } = new();
    internal SeriesBudget Budget { get; } = new();
    /// <summary>How many of the page's blocks are written.</summary>
    internal int Next { get; set; }
    /// <summary>How much of the next one: its family goes on there.</summary>
    internal int NextSeries { get; set; }
    internal Func<bool> IsFull { get; }
    /// <summary>Time spent so far, without the reader's.</summary>
    internal TimeSpan Spent { get; set; }
    internal CountedOutput Output { get; }

    /// <summary>Writes the next piece. Memory only: never waits for a device, the disk or the reader.</summary>
    /// <returns>False when the page is complete.</returns>
    public bool WriteMore(IBufferWriter<byte> output)
    {
        Output.Begin(output);
        Writer.WriteTo(Output);
        while (_page.WriteBlock(this))
        {
            if (IsFull())
                return true;
        }
        return false;
    }

    public void Dispose() => _page.Return(this);

    /// <summary>Counts what goes through it.</summary>
    internal sealed class CountedOutput : IBufferWriter<byte>
    {
        private IBufferWriter<byte>? _target;

        public int Written { get; private set; }

        public void Begin(IBufferWriter<byte>? target) => (_target, Written) = (target, 0);

        public void Advance(int count)
        {
            _target!.Advance(count);
            Written += count;
        }

        public Memory<byte> GetMemory(int sizeHint = 0) => _target!.GetMemory(sizeHint);
        public Span<byte> GetSpan(int sizeHint = 0) => _target!.GetSpan(sizeHint);
    }
}
