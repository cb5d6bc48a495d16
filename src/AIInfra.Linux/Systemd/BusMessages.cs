using System.Runtime.InteropServices;
using System.Text;

namespace AIInfra.Linux.Systemd;

/// <summary>Writes the arguments of a call, in the order of its signature. On the bus's thread only.</summary>
internal readonly unsafe ref struct BusWriter(BusLibrary library, nint message)
{
    public void String(string text) => Text('s', text);

    public void Path(string path) => Text('o', path);

    public void Boolean(bool value) => Number('b', value ? 1 : 0);

    public void Int32(int value) => Number('i', value);

    public void UInt32(uint value) => Check(library.AppendBasic(message, (byte)'u', &value));

    public void UInt64(ulong value) => Check(library.AppendBasic(message, (byte)'t', &value));

    public void Bytes(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* first = bytes)
            Check(library.AppendArray(message, (byte)'y', first, (nuint)bytes.Length));
    }

    /// <param name="type">a, v, r (structure) or e (entry of a dictionary).</param>
    /// <param name="contents">Without the brackets of the type.</param>
    public void Open(char type, string contents)
    {
        fixed (byte* inner = Zeroed(contents))
            Check(library.OpenContainer(message, (byte)type, inner));
    }

    public void Close() => Check(library.CloseContainer(message));

    public void Strings(IEnumerable<string> all)
    {
        Open('a', "s");
        foreach (var text in all)
            String(text);
        Close();
    }

    private void Text(char type, string text)
    {
        fixed (byte* bytes = Zeroed(text))
            Check(library.AppendBasic(message, (byte)type, bytes));
    }

    private void Number(char type, int value) => Check(library.AppendBasic(message, (byte)type, &value));

    private static void Check(int status)
    {
        if (status < 0)
            throw new BusException($"The call cannot be written: {Marshal.GetPInvokeErrorMessage(-status)}.", BusFate.NotSent);
    }

    internal static byte[] Zeroed(string text) => Encoding.UTF8.GetBytes(text + '\0');
}

/// <summary>Reads what came, in the order of its signature. Valid only while its delegate runs, on the bus's thread.</summary>
internal readonly unsafe ref struct BusReader(BusLibrary library, nint message)
{
    /// <summary>The object that a signal came from.</summary>
    public string Path => Marshal.PtrToStringUTF8((nint)library.GetPath(message)) ?? "";

    /// <summary>A string (s), path (o) or signature (g).</summary>
    public string String(char type = 's')
    {
        byte* text;
        Check(library.ReadBasic(message, (byte)type, &text));
        return Marshal.PtrToStringUTF8((nint)text) ?? "";
    }

    public uint UInt32()
    {
        uint value;
        Check(library.ReadBasic(message, (byte)'u', &value));
        return value;
    }

    public int Int32()
    {
        int value;
        Check(library.ReadBasic(message, (byte)'i', &value));
        return value;
    }

    public ulong UInt64()
    {
        ulong value;
        Check(library.ReadBasic(message, (byte)'t', &value));
        return value;
    }

    public bool Boolean()
    {
        int value;
        Check(library.ReadBasic(message, (byte)'b', &value));
        return value != 0;
    }

    public byte[] Bytes()
    {
        void* bytes;
        nuint length;
        Check(library.ReadArray(message, (byte)'y', &bytes, &length));
        return new ReadOnlySpan<byte>(bytes, (int)length).ToArray();
    }

    private bool TryString(out string text)
    {
        byte* found;
        var isThere = Check(library.ReadBasic(message, (byte)'s', &found)) > 0;
        text = isThere ? Marshal.PtrToStringUTF8((nint)found) ?? "" : "";
        return isThere;
    }

    public string[] Strings()
    {
        var all = new List<string>();
        Enter('a', "s");
        while (TryString(out var text))
            all.Add(text);
        Exit();
        return [.. all];
    }

    /// <summary>False at the end of the array it stands in.</summary>
    public bool Enter(char type, string contents)
    {
        fixed (byte* inner = BusWriter.Zeroed(contents))
            return Check(library.EnterContainer(message, (byte)type, inner)) > 0;
    }

    public void Exit() => Check(library.ExitContainer(message));

    public void Skip(string types)
    {
        fixed (byte* all = BusWriter.Zeroed(types))
            Check(library.Skip(message, all));
    }

    /// <summary>A variant as text or number, whichever it holds: string, list of strings, long, bool or bytes; null for what is none of these, which is passed over.</summary>
    public object? Variant()
    {
        byte type;
        byte* contents;
        Check(library.PeekType(message, &type, &contents));
        var inner = Marshal.PtrToStringUTF8((nint)contents) ?? "";
        if (inner is not ("s" or "o" or "u" or "i" or "t" or "b" or "ay" or "as"))
        {
            Skip("v");
            return null;
        }
        Enter('v', inner);
        object value = inner switch
        {
            "u" => (long)UInt32(),
            "i" => (long)Int32(),
            "t" => (long)Math.Min(UInt64(), long.MaxValue),
            "b" => Boolean(),
            "ay" => Bytes(),
            "as" => Strings(),
            _ => String(inner[0]),
        };
        Exit();
        return value;
    }

    /// <summary>The answer of <c>org.freedesktop.DBus.Properties.GetAll</c>, less what <see cref="Variant"/> passes over.</summary>
    public Dictionary<string, object> Properties()
    {
        var all = new Dictionary<string, object>(StringComparer.Ordinal);
        Enter('a', "{sv}");
        while (Enter('e', "sv"))
        {
            var name = String();
            if (Variant() is { } value)
                all[name] = value;
            Exit();
        }
        Exit();
        return all;
    }

    private static int Check(int status) =>
        status >= 0 ? status : throw new BusException($"The answer is not of the form that is expected: {Marshal.GetPInvokeErrorMessage(-status)}.", BusFate.Unknown);
}
