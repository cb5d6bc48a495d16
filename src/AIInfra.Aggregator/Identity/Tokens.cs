using System.Buffers.Text;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using AIInfra.Fleet.Identity;

namespace AIInfra.Aggregator.Identity;

/// <summary>What the bearer of a token may do. Each user's role includes those before it; <see cref="Join"/> stands apart.</summary>
internal enum TokenRole { Join, Viewer, Operator, Admin }

/// <summary>A token as it is kept: the secret's hash, never the secret.</summary>
/// <param name="Id">Shown in lists and logs.</param>
/// <param name="Hash">SHA-256 of the secret, hex. The secret has 256 random bits: no slow hash is needed.</param>
/// <param name="Nodes">Of a join token: which nodes it is for, a name or a pattern with *.</param>
internal sealed record TokenEntry(string Id, string Name, TokenRole Role, string Hash, DateTimeOffset Created, DateTimeOffset Expires, string Nodes = "*")
{
    public DateTimeOffset? Revoked { get; init; }

    public bool IsGoodAt(DateTimeOffset now) => Revoked is null && now < Expires;
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(List<TokenEntry>))]
[JsonSerializable(typeof(List<Revocation>))]
internal sealed partial class IdentityJson : JsonSerializerContext;

/// <summary>The tokens in <c>tokens.json</c>. The daemon reads it again when it changed; the commands write it. Any thread.</summary>
/// <remarks>A token reads <c>ait.ID.SECRET</c>; a join token <c>aij.ID.SECRET.FINGERPRINT</c>, where the last says which authority to trust.</remarks>
internal sealed class Tokens(string folder, TimeProvider time)
{
    public const string JoinPrefix = "aij", UserPrefix = "ait";
    private const int SecretBytes = 32, SecretLetters = 43;

    private readonly ChangingFile<ImmutableArray<TokenEntry>> _file = new(Path.Combine(folder, "tokens.json"), [], Parse, time);

    /// <summary>Of the file: null when it is good. Tokens are then those that were read last.</summary>
    public string? Fault => _file.Fault;

    public ImmutableArray<TokenEntry> All => _file.Current();

    /// <returns>The token, to be shown once.</returns>
    /// <exception cref="IOException">It is not kept.</exception>
    public string Create(TokenRole role, string name, TimeSpan lifetime, string nodes, string fingerprint) => PrivateFiles.Locked(folder, () =>
    {
        var (id, secret) = (Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4)), RandomNumberGenerator.GetBytes(SecretBytes));
        var now = time.GetUtcNow();
        var kept = _file.Read().Where(entry => entry.Expires > now - TimeSpan.FromDays(30)); // what ended long ago need not be listed for ever
        Write([.. kept, new TokenEntry(id, name, role, Hash(secret), now, now + lifetime, nodes)]);
        var text = Base64Url.EncodeToString(secret);
        return role == TokenRole.Join ? $"{JoinPrefix}.{id}.{text}.{fingerprint}" : $"{UserPrefix}.{id}.{text}";
    });

    /// <returns>False: there is none of that id.</returns>
    /// <exception cref="IOException">It is not written.</exception>
    public bool Revoke(string id) => PrivateFiles.Locked(folder, () =>
    {
        var entries = _file.Read();
        if (entries.All(entry => entry.Id != id))
            return false;
        Write([.. entries.Select(entry => entry.Id == id ? entry with { Revoked = entry.Revoked ?? time.GetUtcNow() } : entry)]);
        return true;
    });

    /// <summary>Who bears this token; null when it is not one of ours, ended or was revoked. Takes as long whichever it is.</summary>
    public TokenEntry? Find(string token)
    {
        var parts = token.Split('.');
        var isJoin = parts is [JoinPrefix, _, _, _];
        if (!isJoin && parts is not [UserPrefix, _, _])
            return null;
        if (All.All(known => known.Id != parts[1]))
            _file.Expire(); // made this very second, perhaps
        var entry = All.FirstOrDefault(entry => entry.Id == parts[1] && entry.Role == TokenRole.Join == isJoin);
        var given = Encoding.ASCII.GetBytes(FromBase64Url(parts[2]) is { } secret ? Hash(secret) : new string('0', 64));
        var kept = Encoding.ASCII.GetBytes(entry?.Hash ?? new string('f', 64));
        return CryptographicOperations.FixedTimeEquals(given, kept) && entry!.IsGoodAt(time.GetUtcNow()) ? entry : null;
    }

    private void Write(List<TokenEntry> entries)
    {
        PrivateFiles.Write(_file.Path, JsonSerializer.Serialize(entries, IdentityJson.Default.ListTokenEntry));
        _file.Expire();
    }

    private static ImmutableArray<TokenEntry> Parse(string text) =>
        [.. (JsonSerializer.Deserialize(text, IdentityJson.Default.ListTokenEntry) ?? []).Select(entry => entry is { Id: not null, Hash: not null, Name: not null, Nodes: not null } ? entry : throw new JsonException("An entry lacks its id, name, hash or nodes."))];

    private static string Hash(byte[] secret) => Convert.ToHexStringLower(SHA256.HashData(secret));

    private static byte[]? FromBase64Url(string text)
    {
        Span<byte> bytes = stackalloc byte[SecretBytes];
        return text.Length == SecretLetters && Base64Url.IsValid(text) && Base64Url.TryDecodeFromChars(text, bytes, out var length) && length == SecretBytes ? bytes.ToArray() : null;
    }
}
