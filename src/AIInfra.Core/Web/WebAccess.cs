using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using AIInfra.Linux.Crypt;

namespace AIInfra.Core.Web;

internal enum WebAnswer
{
    Welcome,
    /// <summary>Wrong name or password, or none.</summary>
    Unknown,
    /// <summary>Too many passwords are being checked: ask again.</summary>
    Busy,
}

/// <summary>Basic authentication. A password costs bcrypt's time once; then its keyed hash is remembered, right ones apart from wrong ones, so that
/// nobody who guesses can push out what a scraper needs.</summary>
internal sealed class WebAccess : IDisposable
{
    private const int MostRight = 200, MostWrong = 100, MostWaiting = 8;
    /// <summary>Of no password: an unknown name takes as long as a known one.</summary>
    private const string Nobody = "$2y$10$6G7jDrLv6LH.NHhs9WaoW.OTQlJWfwx7mTeho9EeqPmlLzO/xOSMC";

    private readonly Bcrypt _bcrypt;
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly SemaphoreSlim _turn = new(1); // one core at most is spent on guesses
    private readonly Lock _gate = new();
    private readonly HashSet<string> _right = new(StringComparer.Ordinal), _wrong = new(StringComparer.Ordinal);
    private int _waiting;

    public WebAccess(Bcrypt bcrypt) => _bcrypt = bcrypt;

    /// <summary>Passwords that had to be hashed.</summary>
    internal int Checks { get; private set; }

    /// <param name="users">Names and hashes.</param>
    /// <param name="header">The value of <c>Authorization</c>; null or empty when there is none.</param>
    public async Task<WebAnswer> AskAsync(IReadOnlyDictionary<string, string> users, string? header, CancellationToken cancellationToken)
    {
        var (user, password) = Parse(header);
        if (user is null)
            return WebAnswer.Unknown;
        var isKnown = users.TryGetValue(user, out var hash);
        hash ??= users.Values.FirstOrDefault() is { } like ? $"{Nobody.AsSpan(0, 4)}{like.AsSpan(4, 2)}{Nobody.AsSpan(6)}" : Nobody; // at the cost that the others have
        var mark = MarkOf(user, hash, password);
        if (Remembered(mark) is { } before)
            return before && isKnown ? WebAnswer.Welcome : WebAnswer.Unknown;
        if (Interlocked.Increment(ref _waiting) > MostWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            return WebAnswer.Busy;
        }
        try
        {
            await _turn.WaitAsync(cancellationToken);
            try
            {
                var isRight = Remembered(mark) ?? await Task.Run(() => Check(password, hash, mark), CancellationToken.None);
                return isRight && isKnown ? WebAnswer.Welcome : WebAnswer.Unknown;
            }
            finally
            {
                _turn.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    public void Dispose() => _turn.Dispose();

    private bool Check(byte[] password, string hash, string mark)
    {
        Checks++;
        var isRight = _bcrypt.Verify(password, hash);
        lock (_gate)
        {
            var (set, most) = isRight ? (_right, MostRight) : (_wrong, MostWrong);
            if (set.Count >= most)
                set.Remove(set.ElementAt(RandomNumberGenerator.GetInt32(set.Count)));
            set.Add(mark);
        }
        return isRight;
    }

    private bool? Remembered(string mark)
    {
        lock (_gate)
            return _right.Contains(mark) ? true : _wrong.Contains(mark) ? false : null;
    }

    /// <summary>Keyed with a number of this process alone: what is kept in memory helps nobody to guess.</summary>
    private string MarkOf(string user, string hash, byte[] password)
    {
        using var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key);
        foreach (var part in (ReadOnlySpan<byte[]>)[Encoding.UTF8.GetBytes(user), Encoding.UTF8.GetBytes(hash), password])
        {
            mac.AppendData(BitConverter.GetBytes(part.Length));
            mac.AppendData(part);
        }
        return Convert.ToBase64String(mac.GetHashAndReset());
    }

    /// <summary>RFC 7617. The password is taken as bytes: whoever made the hash chose its character set.</summary>
    private static (string? User, byte[] Password) Parse(string? header)
    {
        const string Scheme = "Basic ";
        if (header is not { Length: > 6 and < 4096 } || !header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return (null, []);
        var text = Encoding.ASCII.GetBytes(header, Scheme.Length, header.Length - Scheme.Length).AsSpan().Trim((byte)' ');
        var decoded = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        if (Base64.DecodeFromUtf8(text, decoded, out _, out var length) != System.Buffers.OperationStatus.Done)
            return (null, []);
        var colon = decoded.AsSpan(0, length).IndexOf((byte)':');
        return colon < 0 ? (null, []) : (Encoding.UTF8.GetString(decoded, 0, colon), decoded[(colon + 1)..length]);
    }
}
