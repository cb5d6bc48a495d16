using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text;

namespace AIInfra.Linux.Journal;

/// <summary>An entry of the journal. Its spans are valid until the next call.</summary>
public readonly ref struct JournalEntry
{
    /// <summary>SYSLOG_IDENTIFIER, at most 256 bytes of it. Chosen by the writer.</summary>
    public required ReadOnlySpan<byte> Identifier { get; init; }
    /// <summary>MESSAGE; mostly UTF-8.</summary>
    public required ReadOnlySpan<byte> Message { get; init; }
    /// <summary>When the journal got it: microseconds of Unix time.</summary>
    public required long Microseconds { get; init; }
    /// <summary>It came from the kernel, as journald itself says (_TRANSPORT).</summary>
    public bool IsKernels { get; init; }
    /// <summary>The writer's user, as journald itself says (_UID); null where it does not.</summary>
    public int? User { get; init; }
}

/// <summary>Reads a journal through libsystemd, from a moment on, and then as entries come. For one thread: its calls may block on the disk.</summary>
public sealed unsafe class JournalReader : IDisposable
{
    private const int LocalOnly = 1, NotThere = -2, LongestIdentifier = 256;
    private const int BadMessage = -74, NotKnown = -93, NoRoom = -105, TooLarge = -7; // EBADMSG, EPROTONOSUPPORT, ENOBUFS, E2BIG: of one entry, not of the journal

    private readonly JournalLibrary _library;
    private readonly byte[] _identifier = new byte[LongestIdentifier];
    private nint _journal;

    private JournalReader(JournalLibrary library, nint journal) => (_library, _journal) = (library, journal);

    /// <param name="folder">The journal's folder; null: the host's own.</param>
    /// <param name="matches">Only entries that have one of these are seen, as in <c>SYSLOG_IDENTIFIER=kubelet</c>; all of one field; none: every entry.</param>
    /// <exception cref="IOException">There is no libsystemd, or no such journal; says which.</exception>
    public static JournalReader Open(string? folder, IEnumerable<string> matches)
    {
        var library = JournalLibrary.Instance ?? throw new IOException("libsystemd.so.0 is not there, so that no journal can be read. Install libsystemd0.");
        nint journal;
        int status;
        if (folder is null)
        {
            status = library.Open(&journal, LocalOnly);
        }
        else
        {
            fixed (byte* path = Encoding.UTF8.GetBytes(folder + '\0'))
                status = library.OpenFolder(&journal, path, 0);
        }
        if (status < 0)
            throw Failure($"The journal {folder ?? "of this host"} cannot be opened", status);
        var reader = new JournalReader(library, journal);
        foreach (var match in matches)
        {
            var text = Encoding.UTF8.GetBytes(match);
            fixed (byte* bytes = text)
                status = library.AddMatch(journal, bytes, (nuint)text.Length);
            if (status < 0)
                throw Failure($"The journal takes no match {match}", status);
        }
        return reader;
    }

    /// <summary>The next entry is the first one at this moment or after it.</summary>
    public void Seek(long microseconds)
    {
        if (_library.SeekRealtime(_journal, (ulong)Math.Max(0, microseconds)) is < 0 and var status)
            throw Failure("The journal cannot be searched by time", status);
    }

    /// <summary>Entries that were passed over because the file they are in is damaged, or is compressed in a way that this libsystemd does not know.</summary>
    public long Unreadable { get; private set; }

    /// <summary>The next entry that is there. False when there is none now: <see cref="Wait"/> for it.</summary>
    /// <exception cref="IOException">The journal cannot be read, for example because its disk fails.</exception>
    public bool TryRead(out JournalEntry entry)
    {
        while (true)
        {
            var status = _library.Next(_journal);
            if (status < 0)
                throw Failure("The journal cannot be read", status);
            if (status == 0)
            {
                entry = default;
                return false;
            }
            status = TryTake(out entry);
            if (status >= 0)
                return true;
            if (status is not (BadMessage or NotKnown or NoRoom or TooLarge))
                throw Failure("An entry of the journal cannot be read", status);
            Unreadable++;
        }
    }

    private int TryTake(out JournalEntry entry)
    {
        entry = default;
        ulong microseconds;
        int status;
        // Each field is taken before the next is asked for: that may move it.
        if ((status = _library.GetRealtime(_journal, &microseconds)) < 0 || (status = Field("_TRANSPORT"u8, out var field)) < 0)
            return status;
        var isKernels = field.SequenceEqual("kernel"u8);
        if ((status = Field("_UID"u8, out field)) < 0)
            return status;
        int? user = Utf8Parser.TryParse(field, out int id, out _) ? id : null;
        if ((status = Field("SYSLOG_IDENTIFIER"u8, out var identifier)) < 0)
            return status;
        identifier = identifier.Length <= LongestIdentifier ? identifier : identifier[..LongestIdentifier];
        identifier.CopyTo(_identifier);
        if ((status = Field("MESSAGE"u8, out field)) < 0)
            return status;
        entry = new JournalEntry
        {
            Identifier = _identifier.AsSpan(0, identifier.Length),
            Message = field,
            Microseconds = (long)microseconds,
            IsKernels = isKernels,
            User = user,
        };
        return status;
    }

    /// <summary>Blocks until something changed, or for so long.</summary>
    public void Wait(TimeSpan atMost)
    {
        if (_library.Wait(_journal, (ulong)atMost.TotalMicroseconds) is < 0 and var status)
            throw Failure("The journal cannot be waited for", status);
    }

    public void Dispose()
    {
        if (_journal != 0)
            _library.Close(_journal);
        _journal = 0;
    }

    /// <param name="value">Empty for a field that the entry lacks.</param>
    private int Field(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        value = default;
        byte* data;
        nuint length;
        fixed (byte* field = name) // a UTF-8 literal ends with a zero byte
        {
            var status = _library.GetData(_journal, field, &data, &length);
            if (status < 0)
                return status == NotThere ? 0 : status;
        }
        value = new ReadOnlySpan<byte>(data + name.Length + 1, (int)length - name.Length - 1);
        return 0;
    }

    private static IOException Failure(string what, int status) => new($"{what}: {Marshal.GetPInvokeErrorMessage(-status)}.");
}
