using System.Net;
using System.Text;
using System.Text.Json;

namespace AIInfra.Kubernetes.Api;

/// <summary>Turns an answer that is not the wanted one into an <see cref="ApiException"/>: the server's own words, and what to do.</summary>
internal static class ApiRefusal
{
    private const int MostRead = 64 << 10, MostShown = 500, MostShownOfOthers = 160;

    public static async Task<ApiException> ReadAsync(
        ApiCall call, string where, ApiCredentials credentials, ServerTrust trust, HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var text = await ReadStartAsync(answer, cancellationToken);
        var code = answer.StatusCode;
        var what = $"{call.What} at {where}: {(int)code}";
        if (Status(text) is not { } status)
        {
            var fault = answer.IsSuccessStatusCode || (int)code is >= 300 and < 400 or 404 ? ApiFault.NotAnApiServer : FaultOf(code, null);
            return new ApiException(fault, $"{what}, and no answer of an API server ({Kind(answer)}: \"{Shorten(text, MostShownOfOthers)}\"). {(fault == ApiFault.NotAnApiServer ? $"Check the address in {credentials.Origin}; is a proxy or a login page in between?" : Advice(fault, credentials, trust))}")
            {
                StatusCode = code,
                RetryAfter = RetryAfter(answer, null),
            };
        }
        var kind = FaultOf(code, status.Reason);
        return new ApiException(kind, $"{what} {status.Reason}: {Shorten(status.Message ?? "", MostShown).TrimEnd('.')}. {Advice(kind, credentials, trust)}".TrimEnd())
        {
            StatusCode = code,
            Reason = status.Reason,
            Causes = [.. (status.Details?.Causes ?? []).Select(cause => cause.Reason ?? "")],
            Said = Shorten(string.Join(' ', [status.Message, .. (status.Details?.Causes ?? []).Select(cause => cause.Message)]), MostShown),
            RetryAfter = RetryAfter(answer, status),
        };
    }

    /// <summary>The same from a Status that came as an event of a watch.</summary>
    public static ApiException Of(string what, string where, ApiStatus status)
    {
        var code = (HttpStatusCode)(status.Code ?? 500);
        return new ApiException(FaultOf(code, status.Reason), $"{what} at {where}: {(int)code} {status.Reason}: {Shorten(status.Message ?? "", MostShown)}")
        {
            StatusCode = code,
            Reason = status.Reason,
            RetryAfter = status.Details?.RetryAfterSeconds is > 0 and var seconds ? TimeSpan.FromSeconds(seconds) : null,
        };
    }

    private static ApiFault FaultOf(HttpStatusCode code, string? reason) => ((int)code, reason) switch
    {
        (401, _) => ApiFault.Unauthorized,
        (403, _) => ApiFault.Forbidden,
        (404, _) => ApiFault.NotFound,
        (409, "AlreadyExists") => ApiFault.Exists,
        (409, _) => ApiFault.Conflict,
        (410, _) or (_, "Expired") => ApiFault.Expired,
        (429, _) => ApiFault.TooMany,
        ( >= 500, _) => ApiFault.Server,
        _ => ApiFault.Invalid,
    };

    private static string Advice(ApiFault fault, ApiCredentials credentials, ServerTrust trust) => fault switch
    {
        ApiFault.Unauthorized when trust.OwnFault() is { } own => $"Cause: {own}.",
        ApiFault.Unauthorized => $"The credentials ({credentials.Token?.Place ?? credentials.ClientCertificate?.Place ?? "none"}) expired, were revoked, or are for another cluster: renew them. It is tried again.",
        ApiFault.Forbidden => "Give the agent's account this right; deploy/kubernetes/rbac.yaml holds all that it uses. It is tried again.",
        ApiFault.TooMany or ApiFault.Server => "It is tried again later.",
        _ => "",
    };

    private static TimeSpan? RetryAfter(HttpResponseMessage answer, ApiStatus? status) =>
        answer.Headers.RetryAfter?.Delta is { } header && header > TimeSpan.Zero ? header
        : status?.Details?.RetryAfterSeconds is > 0 and var seconds ? TimeSpan.FromSeconds(seconds) : null;

    private static ApiStatus? Status(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, ApiJson.Default.ApiStatus) is { Kind: "Status" } status ? status : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static async Task<string> ReadStartAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        await using var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[MostRead];
        var length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    private static string Kind(HttpResponseMessage answer) => answer.Content.Headers.ContentType?.MediaType ?? "no content type";

    /// <summary>One line of printable text.</summary>
    private static string Shorten(string text, int most)
    {
        var line = new StringBuilder(Math.Min(text.Length, most));
        var isBlank = true;
        foreach (var character in text)
        {
            var isSpace = char.IsWhiteSpace(character) || char.IsControl(character);
            if (isSpace && isBlank)
                continue;
            line.Append(isSpace ? ' ' : character);
            isBlank = isSpace;
            if (line.Length >= most)
                return line.Append('…').ToString();
        }
        return line.ToString().TrimEnd();
    }
}
