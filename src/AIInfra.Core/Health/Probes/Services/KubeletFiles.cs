using System.Globalization;

namespace AIInfra.Core.Health.Probes.Services;

/// <summary>What the kubelet's own configuration says, as far as probes need it. Read line by line: it is YAML or JSON that others write.</summary>
/// <param name="Why">How the kubelet was found.</param>
internal sealed record KubeletFiles(string Root, string Why, int HealthPort, string HealthAddress, IReadOnlyList<string> ClusterDns, string ClusterDomain, string? ResolvConf)
{
    private const int UsualPort = 10248;

    /// <summary>Null where no kubelet keeps itself: a folder that only device plugins use is none.</summary>
    public static KubeletFiles? Find(IEnumerable<string> roots)
    {
        foreach (var root in roots)
        {
            var file = Path.Combine(root, "config.yaml");
            var text = HostText.Read(file);
            if (text is null && !Directory.Exists(Path.Combine(root, "pki")))
                continue;
            var lines = (text ?? "").Split('\n');
            return new KubeletFiles(
                root, text is null ? $"{root}/pki" : file,
                int.TryParse(Value(lines, "healthzPort"), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var port) ? port : UsualPort,
                Value(lines, "healthzBindAddress") is { Length: > 0 } address and not "0.0.0.0" and not "::" ? address : "127.0.0.1",
                List(lines, "clusterDNS"), Value(lines, "clusterDomain") ?? "cluster.local", Value(lines, "resolvConf"));
        }
        return null;
    }

    private static string? Value(string[] lines, string key) => lines.FirstOrDefault(line => line.StartsWith(key + ":", StringComparison.Ordinal)) is { } found
        && found[(key.Length + 1)..].Trim().Trim('"', '\'') is { Length: > 0 } value ? value : null;

    /// <summary>The items <c>- 10.96.0.10</c> below a key.</summary>
    private static List<string> List(string[] lines, string key) =>
        [.. lines.SkipWhile(line => !line.StartsWith(key + ":", StringComparison.Ordinal)).Skip(1)
            .TakeWhile(line => line.TrimStart().StartsWith("- ", StringComparison.Ordinal)).Select(line => line.TrimStart()[2..].Trim().Trim('"', '\''))];
}
