using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace AIInfra.Linux.Crypt;

/// <summary>Checks passwords against bcrypt hashes with the host's libcrypt (<c>crypt_r</c>, see crypt(3)). Opened at the first use, never unloaded.</summary>
public sealed unsafe class Bcrypt
{
    public const int LeastCost = 4;
    /// <summary>One check of this cost takes some seconds of a core; each further one doubles that.</summary>
    public const int MostCost = 16;

    /// <summary>bcrypt takes no more of a password.</summary>
    private const int LongestPassword = 72;
    /// <summary><c>$2y$10$</c>, 22 characters of salt and 31 of the hash.</summary>
    private const int Length = 60, PrefixLength = 7, SettingLength = 29;
    /// <summary>More than any libcrypt's <c>struct crypt_data</c>: 32,768 in libxcrypt, 131,232 in the C library of old.</summary>
    private const int DataSize = 256 << 10;

    private static readonly Lazy<Bcrypt?> Opened = new(TryOpen);

    private readonly delegate* unmanaged[Cdecl]<byte*, byte*, void*, byte*> _crypt;

    private Bcrypt(nint function) => _crypt = (delegate* unmanaged[Cdecl]<byte*, byte*, void*, byte*>)function;

    /// <summary>Null where there is no libcrypt, or one that does not know bcrypt.</summary>
    public static Bcrypt? Instance => Opened.Value;

    /// <summary>What is wrong with a hash, to complete "it is no bcrypt hash: …"; null when it can be used.</summary>
    public static string? FaultOf(string hash)
    {
        if (hash.Length != Length)
            return $"it has {hash.Length} characters instead of {Length}";
        if (!hash.StartsWith("$2", StringComparison.Ordinal) || hash[2] is not ('a' or 'b' or 'y') || hash[3] != '$' || hash[6] != '$')
            return "it must begin like $2y$10$";
        if (!char.IsAsciiDigit(hash[4]) || !char.IsAsciiDigit(hash[5]) || int.Parse(hash.AsSpan(4, 2), provider: null) is not (>= LeastCost and <= MostCost))
            return $"its cost must be from {LeastCost:00} to {MostCost:00}";
        return hash.AsSpan(PrefixLength).ContainsAnyExcept(Alphabet) ? "only ./A-Za-z0-9 may follow its cost" : null;
    }

    /// <summary>Takes as long as the hash's cost says: about 70 ms for 10, twice that for 11. Any thread.</summary>
    /// <param name="password">As it was sent.</param>
    /// <param name="hash">One without <see cref="FaultOf"/>.</param>
    public bool Verify(ReadOnlySpan<byte> password, string hash)
    {
        var computed = Hash(password.Contains((byte)0) ? [] : password[..Math.Min(password.Length, LongestPassword)], hash);
        var isSame = computed is not null && CryptographicOperations.FixedTimeEquals(computed.AsSpan(PrefixLength), Encoding.ASCII.GetBytes(hash).AsSpan(PrefixLength));
        return isSame && !password.Contains((byte)0); // C's strings end there: what follows would not count
    }

    private static System.Buffers.SearchValues<char> Alphabet { get; } =
        System.Buffers.SearchValues.Create("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");

    /// <returns>Null when libcrypt refuses.</returns>
    private byte[]? Hash(ReadOnlySpan<byte> password, string hash)
    {
        var data = NativeMemory.AllocZeroed(DataSize);
        Span<byte> phrase = stackalloc byte[LongestPassword + 1], setting = stackalloc byte[SettingLength + 1];
        phrase.Clear();
        setting.Clear();
        try
        {
            password.CopyTo(phrase);
            Encoding.ASCII.GetBytes(hash.AsSpan(0, SettingLength), setting);
            setting[2] = (byte)'b'; // the letters a and y name the same algorithm; only b has no detours for broken hashes of old
            fixed (byte* phrasePlace = phrase, settingPlace = setting)
            {
                var answer = _crypt(phrasePlace, settingPlace, data);
                if (answer == null)
                    return null;
                var text = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(answer);
                return text.Length == Length && text[0] == '$' ? text.ToArray() : null;
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(phrase);
            CryptographicOperations.ZeroMemory(new Span<byte>(data, DataSize));
            NativeMemory.Free(data);
        }
    }

    private static Bcrypt? TryOpen()
    {
        foreach (var name in (ReadOnlySpan<string>)["libcrypt.so.1", "libcrypt.so.2"])
        {
            if (NativeLibrary.TryLoad(name, out var library) && NativeLibrary.TryGetExport(library, "crypt_r", out var function)
                && new Bcrypt(function) is var opened && opened.Knows())
                return opened;
        }
        return null;
    }

    /// <summary>The C library's own crypt of old has no bcrypt; a known answer tells (crypt_blowfish 1.3, first of its test vectors).</summary>
    private bool Knows() => Verify("U*U"u8, "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW");
}
