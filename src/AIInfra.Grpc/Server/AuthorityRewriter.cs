using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using AIInfra.Grpc.Hpack;

namespace AIInfra.Grpc.Server;

/// <summary>Copies one connection's HTTP/2 frames from caller to server, and puts <c>localhost</c> in place of an authority that is no host name.</summary>
/// <remarks>On a unix socket there is no host, and callers differ in what they make of that: grpc-go and newer grpcio send the escaped path, which
/// Kestrel resets the stream for (kubernetes/kubernetes #107093, grpc/grpc #38142, dotnet/aspnetcore #47043). A caller sends the same on all its calls,
/// so a connection whose first call is well-formed is copied unread from there on. Frames: RFC 9113, sections 4 and 6.</remarks>
internal sealed class AuthorityRewriter
{
    private const int PrefaceBytes = 24, HeadBytes = 9, MaxFrame = 16384, MaxBlock = 64 << 10;
    private const byte Headers = 1, Continuation = 9;
    private const byte EndStream = 0x1, EndHeaders = 0x4, Padded = 0x8, Priority = 0x20;

    private static readonly byte[] Authority = Encoding.ASCII.GetBytes(":authority"), Replacement = Encoding.ASCII.GetBytes("localhost");
    private static readonly SearchValues<byte> HostCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:"u8);

    private readonly HpackDecoder _decoder = new();
    private readonly ArrayBufferWriter<byte> _block = new();
    private bool _prefaced, _rewriting;
    private byte _flags;
    private int _stream;

    /// <summary>Nothing needs to be looked at any more.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Takes whole frames off the front of the input and writes what the server is to see.</summary>
    /// <exception cref="InvalidDataException">The caller breaks the protocol in a way that leaves nothing to copy.</exception>
    public void Copy(ref ReadOnlySequence<byte> input, IBufferWriter<byte> output)
    {
        if (!_prefaced)
        {
            if (input.Length < PrefaceBytes)
                return;
            CopyPart(ref input, output, PrefaceBytes);
            _prefaced = true;
        }
        Span<byte> head = stackalloc byte[HeadBytes];
        while (!IsDone && input.Length >= HeadBytes)
        {
            input.Slice(0, HeadBytes).CopyTo(head);
            var length = (head[0] << 16) | (head[1] << 8) | head[2];
            if (length > MaxFrame)
                throw new InvalidDataException($"A frame of {length} bytes; at most {MaxFrame} are allowed.");
            if (input.Length < HeadBytes + length)
                return;
            if (head[3] is Headers or Continuation)
                TakeBlock(head, ref input, length, output);
            else
                CopyPart(ref input, output, HeadBytes + length);
        }
    }

    private void TakeBlock(ReadOnlySpan<byte> head, ref ReadOnlySequence<byte> input, int length, IBufferWriter<byte> output)
    {
        var (type, flags) = (head[3], head[4]);
        var fragment = input.Slice(HeadBytes, length);
        if (type == Headers)
        {
            _block.ResetWrittenCount();
            _flags = flags;
            _stream = BinaryPrimitives.ReadInt32BigEndian(head[5..]);
            fragment = Unpad(fragment, flags);
        }
        foreach (var part in fragment)
            _block.Write(part.Span);
        if (_block.WrittenCount > MaxBlock)
            throw new InvalidDataException($"A header block of more than {MaxBlock} bytes.");
        input = input.Slice(HeadBytes + length);
        if ((flags & EndHeaders) == 0)
            return;

        var fields = _decoder.Decode(_block.WrittenSpan);
        _rewriting |= fields.Exists(field => field.Name.AsSpan().SequenceEqual(Authority) && !IsHost(field.Value));
        if (_rewriting)
            WriteRewritten(fields, output);
        else
            WriteAsItWas(output);
        IsDone = !_rewriting;
    }

    private static ReadOnlySequence<byte> Unpad(ReadOnlySequence<byte> fragment, byte flags)
    {
        var padding = 0;
        if ((flags & Padded) != 0 && fragment.Length > 0)
        {
            padding = fragment.FirstSpan[0];
            fragment = fragment.Slice(1);
        }
        var weight = (flags & Priority) != 0 ? 5 : 0;
        return fragment.Length >= weight + padding
            ? fragment.Slice(weight, fragment.Length - weight - padding)
            : throw new InvalidDataException("A frame of headers is padded beyond its end.");
    }

    private void WriteRewritten(List<HeaderField> fields, IBufferWriter<byte> output)
    {
        for (var index = 0; index < fields.Count; index++)
            if (fields[index].Name.AsSpan().SequenceEqual(Authority))
                fields[index] = new(Authority, Replacement);
        _block.ResetWrittenCount();
        HpackEncoder.Encode(_block, fields);
        WriteAsItWas(output);
    }

    /// <summary>The block without padding, in as many frames as it takes.</summary>
    private void WriteAsItWas(IBufferWriter<byte> output)
    {
        var rest = _block.WrittenSpan;
        for (var type = Headers; ; type = Continuation)
        {
            var part = rest[..Math.Min(rest.Length, MaxFrame)];
            rest = rest[part.Length..];
            var head = output.GetSpan(HeadBytes);
            BinaryPrimitives.WriteInt32BigEndian(head, part.Length << 8);
            head[3] = type;
            head[4] = (byte)((type == Headers ? _flags & EndStream : 0) | (rest.IsEmpty ? EndHeaders : 0));
            BinaryPrimitives.WriteInt32BigEndian(head[5..], _stream);
            output.Advance(HeadBytes);
            output.Write(part);
            if (rest.IsEmpty)
                return;
        }
    }

    /// <summary>Narrower than what Kestrel accepts; what falls between is rewritten without need and without harm.</summary>
    private static bool IsHost(byte[] authority) => !authority.AsSpan().ContainsAnyExcept(HostCharacters) && (authority.Length == 0 || authority[0] != ':');

    private static void CopyPart(ref ReadOnlySequence<byte> input, IBufferWriter<byte> output, int length)
    {
        foreach (var part in input.Slice(0, length))
            output.Write(part.Span);
        input = input.Slice(length);
    }
}
