using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using AIInfra.Fleet.Identity;

namespace AIInfra.Aggregator.Identity;

/// <summary>All certificates of a node that were given out before a moment are void.</summary>
internal sealed record Revocation(string Node, DateTimeOffset Before);

/// <summary>What was revoked, in <c>revoked.json</c>. Any thread.</summary>
internal sealed class Revocations(string folder, TimeProvider time)
{
    private readonly ChangingFile<ImmutableDictionary<string, DateTimeOffset>> _file =
        new(Path.Combine(folder, "revoked.json"), ImmutableDictionary<string, DateTimeOffset>.Empty, Parse, time);

    public string? Fault => _file.Fault;

    public IReadOnlyDictionary<string, DateTimeOffset> All => _file.Current();

    /// <summary>A node's certificates, as of now.</summary>
    /// <exception cref="IOException">It is not written.</exception>
    public void Revoke(string node) => PrivateFiles.Locked(folder, () =>
    {
        var all = _file.Read().SetItem(node, time.GetUtcNow());
        PrivateFiles.Write(_file.Path, JsonSerializer.Serialize([.. all.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => new Revocation(entry.Key, entry.Value))], IdentityJson.Default.ListRevocation));
        _file.Expire();
        return true;
    });

    /// <param name="issued">When the certificate was made, to the second.</param>
    public bool IsRevoked(string node, DateTimeOffset issued) => _file.Current().TryGetValue(node, out var before) && issued <= before;

    public bool IsRevoked(X509Certificate2 certificate, string node) => IsRevoked(node, Authority.IssuedAt(certificate));

    private static ImmutableDictionary<string, DateTimeOffset> Parse(string text) =>
        (JsonSerializer.Deserialize(text, IdentityJson.Default.ListRevocation) ?? []).GroupBy(entry => entry?.Node ?? throw new JsonException("An entry names no node."), StringComparer.Ordinal)
            .ToImmutableDictionary(entries => entries.Key, entries => entries.Max(entry => entry.Before), StringComparer.Ordinal);
}
