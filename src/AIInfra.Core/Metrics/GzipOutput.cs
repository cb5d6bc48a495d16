using System.Buffers;
using System.IO.Compression;

namespace AIInfra.Core.Metrics;

/// <summary>Compresses what is written on its way to the response: one buffer and the compressor's own state, however long the page is.</summary>
internal sealed class GzipOutput : IBufferWriter<byte>, IDisposable
{
    private const int BufferBytes = 16 << 10;

    private readonly GZipStream _gzip;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
    private int _written;

    public GzipOutput(IBufferWriter<byte> target) => _gzip = new GZipStream(new Sink(target), CompressionLevel.Fastest);

    public void Advance(int count) => _written += count;

    public Memory<byte> GetMemory(int sizeHint = 0) => Room(sizeHint).AsMemory(_written);

    public Span<byte> GetSpan(int sizeHint = 0) => Room(sizeHint).AsSpan(_written);

    /// <summary>The last bytes go to the target; not those of a page that was broken off.</summary>
    public void Complete()
    {
        Compress();
        _gzip.Dispose();
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _gzip.Dispose();
    }

    private byte[] Room(int sizeHint)
    {
        if (_buffer.Length - _written >= Math.Max(sizeHint, 1))
            return _buffer;
        Compress();
        if (_buffer.Length < sizeHint)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = ArrayPool<byte>.Shared.Rent(sizeHint);
        }
        return _buffer;
    }

    private void Compress()
    {
        _gzip.Write(_buffer, 0, _written);
        _written = 0;
    }

    private sealed class Sink(IBufferWriter<byte> target) : Stream
    {
        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
        public override void Flush() { }
        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => target.Write(buffer.AsSpan(offset, count));
        public override void Write(ReadOnlySpan<byte> buffer) => target.Write(buffer);
    }
}
