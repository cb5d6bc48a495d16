using System.Security.Cryptography.X509Certificates;

namespace AIInfra.Aggregator.Identity;

/// <summary>Who asks: a node by its certificate or bound token, or a person by a token.</summary>
/// <param name="Node">The node that it may speak for; null for a person.</param>
/// <param name="Role">Null for a node.</param>
/// <param name="Name">For the audit: <c>node gpu-17</c>, <c>token 1a2b3c4d (deploy)</c>, <c>token 1a2b3c4d</c> where it has no name.</param>
/// <param name="Nodes">Of a join token: which nodes it is for.</param>
internal sealed record Caller(string Name, string? Node, TokenRole? Role, string Nodes = "")
{
    /// <summary>When the identity was made sure of; a node's must not be revoked later.</summary>
    public DateTimeOffset? CertificateIssued { get; init; }
    public bool IsByToken => CertificateIssued is null;

    public bool May(TokenRole role) => Role is { } has and not TokenRole.Join && has >= role;
}

/// <summary>Finds out who asks. Any thread.</summary>
/// <param name="bound">Null where there is no Kubernetes to ask.</param>
internal sealed class Callers(AuthorityHolder authority, Tokens tokens, Revocations revocations, BoundTokens? bound)
{
    private const string Scheme = "Bearer ";

    /// <summary>Of a call that carries a certificate or a token; null when neither is good.</summary>
    /// <param name="authorization">The header; empty when there is none.</param>
    /// <exception cref="IdentityUnknownException">It cannot be found out now: Kubernetes does not answer.</exception>
    public async Task<Caller?> FindAsync(X509Certificate2? certificate, string authorization, CancellationToken cancellationToken)
    {
        if (authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            var token = authorization[Scheme.Length..].Trim();
            if (tokens.Find(token) is { } entry)
                return new Caller(entry.Name.Length == 0 ? $"token {entry.Id}" : $"token {entry.Id} ({entry.Name})", null, entry.Role, entry.Nodes);
            return bound is not null && BoundTokens.LooksLikeOne(token) && await bound.NodeOfAsync(token, cancellationToken) is { } boundNode ? new Caller($"node {boundNode}", boundNode, null) : null;
        }
        if (certificate is null || authority.Current.NodeOf(certificate) is not { } node || revocations.IsRevoked(certificate, node))
            return null;
        return new Caller($"node {node}", node, null) { CertificateIssued = Authority.IssuedAt(certificate) };
    }

    /// <summary>True when the identity that a stream was opened with is no longer good.</summary>
    public bool IsRevoked(Caller caller) => caller is { Node: { } node, CertificateIssued: { } issued } && revocations.IsRevoked(node, issued);
}

/// <summary>The authority in force; replaced when its files were rotated.</summary>
internal sealed class AuthorityHolder(Authority first)
{
    private volatile Authority _current = first;

    public Authority Current => _current;

    public void Replace(Authority next) => _current = next;
}

/// <summary>Who asks cannot be found out now; worth asking again.</summary>
internal sealed class IdentityUnknownException(string message, Exception inner) : Exception(message, inner);
