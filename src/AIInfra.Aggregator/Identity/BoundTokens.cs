using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using AIInfra.Kubernetes.Api;
using Microsoft.Extensions.Logging;

namespace AIInfra.Aggregator.Identity;

/// <param name="Audience">That the tokens are made for.</param>
/// <param name="Accounts">Service accounts that agents run as: <c>NAMESPACE/NAME</c>.</param>
internal sealed record BoundTokenOptions(string Audience, ImmutableArray<string> Accounts);

/// <summary>Service-account tokens that Kubernetes bound to a pod on a node: the API server says which node that is. Any thread.</summary>
/// <param name="review">The API server's TokenReview.</param>
internal sealed partial class BoundTokens(
    BoundTokenOptions options, Func<string, IEnumerable<string>, CancellationToken, Task<TokenReviewStatus>> review, TimeProvider time, ILogger<BoundTokens> logger) : IDisposable
{
    private const int MostKept = 20_000, LongestToken = 16_384;
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, (string? Node, long At)> _known = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _asking = new(8);

    /// <summary>A JSON web token in three parts.</summary>
    public static bool LooksLikeOne(string token) => token.StartsWith("eyJ", StringComparison.Ordinal) && token.Length <= LongestToken && token.Count(letter => letter == '.') == 2;

    /// <summary>The node; null when the token is none of an agent's. An answer counts for a minute.</summary>
    /// <exception cref="IdentityUnknownException">The API server does not answer.</exception>
    public async Task<string?> NodeOfAsync(string token, CancellationToken cancellationToken)
    {
        var key = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
        if (_known.TryGetValue(key, out var known) && time.GetElapsedTime(known.At) < Fresh)
            return known.Node;
        await _asking.WaitAsync(cancellationToken);
        try
        {
            var node = Judge(await review(token, [options.Audience], cancellationToken));
            if (_known.Count >= MostKept)
                _known.Clear();
            _known[key] = (node, time.GetTimestamp());
            return node;
        }
        catch (ApiException fault)
        {
            throw new IdentityUnknownException($"Who asks cannot be found out: {fault.Message}", fault);
        }
        finally
        {
            _asking.Release();
        }
    }

    public void Dispose() => _asking.Dispose();

    private string? Judge(TokenReviewStatus status)
    {
        if (status.Authenticated != true || status.User is not { } user)
            return Refuse(status.Error ?? "the API server does not know it");
        if (status.Audiences is not { } audiences || !audiences.Contains(options.Audience))
            return Refuse($"it is not made for the audience {options.Audience}");
        if (!options.Accounts.Any(account => user.Username == $"system:serviceaccount:{account.Replace('/', ':')}"))
            return Refuse($"{user.Username} is not among identity.accounts");
        return user.BoundNode is { } node && NodeName.IsGood(node) ? node : Refuse($"{user.Username}'s token is not bound to a node (Kubernetes 1.30 and later do that)");
    }

    private string? Refuse(string why)
    {
        LogRefused(why);
        return null;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A service-account token was refused: {Why}")]
    private partial void LogRefused(string why);
}
