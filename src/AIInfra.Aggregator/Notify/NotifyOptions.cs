using System.Collections.Immutable;

namespace AIInfra.Aggregator.Notify;

/// <summary>Who is told.</summary>
public sealed record NotifyOptions
{
    /// <summary>Base addresses of Alertmanagers, as in <c>http://alertmanager:9093</c>; each is told.</summary>
    public ImmutableArray<Uri> Alertmanagers { get; init; } = [];
    /// <summary>Null: none.</summary>
    public Uri? Webhook { get; init; }
    /// <summary>Signs what goes to the webhook; at least 16 bytes.</summary>
    public ReadOnlyMemory<byte> WebhookSecret { get; init; }
    /// <summary>Of one attempt.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);
    /// <summary>After so many attempts a notice is laid aside, for a person to see: 12 take about an hour.</summary>
    public int Attempts { get; init; } = 12;

    /// <summary>All that is wrong with it, one sentence each.</summary>
    public IEnumerable<string> Faults()
    {
        foreach (var address in Alertmanagers.Append(Webhook).OfType<Uri>().Where(address => !address.IsAbsoluteUri || address.Scheme is not ("http" or "https") || address.UserInfo.Length > 0))
            yield return $"{(address == Webhook ? "notify.webhook" : "notify.alertmanagers")} must be an address that begins with http:// or https:// and holds no password.";
        if (Webhook is not null && WebhookSecret.Length < 16)
            yield return "notify.webhookSecretFile must name a file that holds a secret of at least 16 bytes: without it nobody can tell our messages from others'.";
    }
}
