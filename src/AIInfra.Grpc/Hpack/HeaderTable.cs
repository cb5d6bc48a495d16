using System.Text;

namespace AIInfra.Grpc.Hpack;

/// <summary>One header field as it is on the wire.</summary>
internal readonly record struct HeaderField(byte[] Name, byte[] Value)
{
    /// <summary>Of an entry of the dynamic table (RFC 7541, section 4.1).</summary>
    public int Size => Name.Length + Value.Length + 32;
}

/// <summary>The fields that a peer refers to by number: the fixed ones, and those it has sent before on this connection.</summary>
/// <remarks>Source: RFC 7541, section 2.3 and appendix A.</remarks>
internal sealed class HeaderTable
{
    /// <summary>What a peer may use until it is told otherwise, and nobody tells it here.</summary>
    public const int MaxBytes = 4096;

    private static readonly HeaderField[] Fixed =
    [
        .. """
            :authority
            :method GET
            :method POST
            :path /
            :path /index.html
            :scheme http
            :scheme https
            :status 200
            :status 204
            :status 206
            :status 304
            :status 400
            :status 404
            :status 500
            accept-charset
            accept-encoding gzip, deflate
            accept-language
            accept-ranges
            accept
            access-control-allow-origin
            age
            allow
            authorization
            cache-control
            content-disposition
            content-encoding
            content-language
            content-length
            content-location
            content-range
            content-type
            cookie
            date
            etag
            expect
            expires
            from
            host
            if-match
            if-modified-since
            if-none-match
            if-range
            if-unmodified-since
            last-modified
            link
            location
            max-forwards
            proxy-authenticate
            proxy-authorization
            range
            referer
            refresh
            retry-after
            server
            set-cookie
            strict-transport-security
            transfer-encoding
            user-agent
            vary
            via
            www-authenticate
            """.Split('\n').Select(line => line.Split(' ', 2)).Select(parts =>
                new HeaderField(Encoding.ASCII.GetBytes(parts[0]), parts.Length > 1 ? Encoding.ASCII.GetBytes(parts[1]) : [])),
    ];

    private readonly LinkedList<HeaderField> _sent = new(); // newest first
    private int _bytes;
    private int _limit = MaxBytes;

    /// <param name="index">From 1.</param>
    /// <exception cref="InvalidDataException">No such entry.</exception>
    public HeaderField this[int index]
    {
        get
        {
            if (index >= 1 && index <= Fixed.Length)
                return Fixed[index - 1];
            return index > Fixed.Length && index - Fixed.Length <= _sent.Count
                ? _sent.ElementAt(index - Fixed.Length - 1)
                : throw new InvalidDataException($"The header table has no entry {index}.");
        }
    }

    public void Add(HeaderField field)
    {
        _sent.AddFirst(field);
        _bytes += field.Size;
        Shrink();
    }

    /// <exception cref="InvalidDataException">More than was allowed.</exception>
    public void Resize(int limit)
    {
        if (limit > MaxBytes)
            throw new InvalidDataException($"A header table of {limit} bytes; at most {MaxBytes} are allowed.");
        _limit = limit;
        Shrink();
    }

    private void Shrink()
    {
        while (_bytes > _limit)
        {
            _bytes -= _sent.Last!.Value.Size;
            _sent.RemoveLast();
        }
    }
}
