using System.Collections.Immutable;
using System.Text;

namespace AIInfra.Fleet;

/// <summary>How an agent speaks to its aggregator. Section <c>fleet</c>.</summary>
public sealed record FleetOptions
{
    private const int DefaultPort = 9443;

    /// <summary>https, host and port.</summary>
    public required Uri Aggregator { get; init; }
    public required string Node { get; init; }
    /// <summary>A file with a join token or a service-account token; empty: only the certificate that there is already.</summary>
    public required string Credentials { get; init; }
    /// <summary>A PEM file with the authorities that the aggregator's certificate may come from; empty: that of the join token, else the system's.</summary>
    public string Authority { get; init; } = "";
    /// <summary>Where key and certificate are kept.</summary>
    public required string Folder { get; init; }
    public required string Version { get; init; }
    public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
    /// <summary><c>off</c>, <c>dry-run</c> or <c>on</c>.</summary>
    public string Remediation { get; init; } = "off";
    /// <summary>From one change to the next.</summary>
    public TimeSpan Pace { get; init; } = TimeSpan.FromMilliseconds(100);
    /// <summary>The same, where only counts and evidence of known problems are newer.</summary>
    public TimeSpan CountPace { get; init; } = TimeSpan.FromSeconds(10);
    /// <summary>After the n-th failure in a row it waits up to 2^n s, at most so long.</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromSeconds(30);
    /// <summary>For an answer to a question for a grant.</summary>
    public TimeSpan GrantPatience { get; init; } = TimeSpan.FromSeconds(20);
    /// <summary>Uniform in [0, 1).</summary>
    public Func<double> Random { get; init; } = System.Random.Shared.NextDouble;

    /// <summary>Reads <c>fleet.aggregator</c>: <c>HOST:PORT</c> or <c>https://HOST:PORT</c>; without a port 9443.</summary>
    /// <returns>Null when it is neither.</returns>
    public static Uri? ParseAddress(string text)
    {
        var full = text.Contains("://", StringComparison.Ordinal) ? text : $"https://{text}";
        return Uri.TryCreate(full, UriKind.Absolute, out var address) && address is { Scheme: "https", Host.Length: > 0, AbsolutePath: "/", Query: "", UserInfo: "" } && Ascii.IsValid(address.Host)
            ? address.IsDefaultPort && !text.EndsWith(":443", StringComparison.Ordinal) ? WithPort(address) : address
            : null;
    }

    private static Uri? WithPort(Uri address) => Uri.TryCreate($"https://{address.Host}:{DefaultPort}/", UriKind.Absolute, out var full) ? full : null;
}
