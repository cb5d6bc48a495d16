using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Configuration;
using AIInfra.Linux.Crypt;

namespace AIInfra.Core.Web;

/// <summary>Reads the web config file of Prometheus' exporter-toolkit. Pure but for the file: certificates are looked at by <see cref="WebCertificates"/>.</summary>
/// <remarks>Source: prometheus/exporter-toolkit, docs/web-configuration.md and web/tls_config.go at 0089e78.</remarks>
internal static class WebConfigReader
{
    private const int MostUsers = 100;

    private static readonly SearchValues<char> OfNumbers = SearchValues.Create("0123456789.");

    /// <summary>Never throws for what the file holds.</summary>
    /// <returns>The config is null when there are errors.</returns>
    public static (WebConfig? Config, ImmutableArray<ConfigError> Errors) ReadFile(string path)
    {
        var (root, faults) = YamlTree.ReadFile(path);
        if (faults.IsEmpty && !File.Exists(path))
            faults = [new ConfigError(new ConfigMark(path, 0, 0), "there is no such file.")];
        return Read(path, root, faults);
    }

    internal static (WebConfig? Config, ImmutableArray<ConfigError> Errors) Read(string path, YamlNode? root, ImmutableArray<ConfigError> faults)
    {
        var (errors, notes) = (ImmutableArray.CreateBuilder<ConfigError>(), ImmutableArray.CreateBuilder<ConfigError>());
        errors.AddRange(faults);
        var file = new YamlFields("", root, errors);
        var tls = WebTlsReader.Read(file, Path.GetDirectoryName(Path.GetFullPath(path))!, errors, notes);
        var (usesHttp2, headers) = ReadHttp(file, errors);
        var users = ReadUsers(file, errors);
        var rateLimit = ReadRateLimit(file, errors);
        file.Close();
        if (tls is null && errors.Count == 0 && !users.IsEmpty)
            notes.Add(new ConfigError(file.Mark, "basic_auth_users without tls_server_config: passwords cross the network unprotected."));
        return (errors.Count > 0 ? null : new WebConfig(tls, users, usesHttp2, headers, rateLimit, notes.ToImmutable()), errors.ToImmutable());
    }

    private static (bool UsesHttp2, ImmutableArray<KeyValuePair<string, string>> Headers) ReadHttp(YamlFields file, ImmutableArray<ConfigError>.Builder errors)
    {
        var http = file.Section("http_server_config");
        var usesHttp2 = http.Flag("http2") ?? true;
        var fields = http.Section("headers");
        (string Name, string? Value)[] headers =
        [
            ("Content-Security-Policy", fields.Text("Content-Security-Policy")),
            ("X-Frame-Options", fields.Choice("X-Frame-Options", "deny", "sameorigin", "")),
            ("X-Content-Type-Options", fields.Choice("X-Content-Type-Options", "nosniff", "")),
            ("X-XSS-Protection", fields.Text("X-XSS-Protection")),
            ("Strict-Transport-Security", fields.Text("Strict-Transport-Security")),
        ];
        foreach (var (name, value) in headers)
        {
            if (value is not null && value.Any(letter => letter is < ' ' or > '~'))
                fields.Error(fields.Find(name)!.Value.Value.Mark, name, "a header is one line of plain ASCII.");
        }
        fields.Close();
        http.Close();
        return (usesHttp2, errors.Count > 0 ? [] : [.. headers.Where(header => !string.IsNullOrEmpty(header.Value)).Select(header => KeyValuePair.Create(header.Name, header.Value!))]);
    }

    private static ImmutableDictionary<string, string> ReadUsers(YamlFields file, ImmutableArray<ConfigError>.Builder errors)
    {
        var users = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        if (file.Find("basic_auth_users") is not { } entry)
            return users.ToImmutable();
        if (entry.Value is not YamlMap map)
        {
            file.Error(entry.Value.Mark, entry.Key, "must be a mapping of names to bcrypt hashes, as in \"prometheus: $2y$10$…\".");
            return users.ToImmutable();
        }
        if (map.Entries.Length > MostUsers)
            file.Error(map.Mark, entry.Key, $"names {map.Entries.Length} users; at most {MostUsers} are taken. For more, use client certificates.");
        foreach (var user in map.Entries)
        {
            var hash = (user.Value as YamlScalar)?.Text ?? "";
            if (user.Key.Length == 0 || user.Key.Contains(':', StringComparison.Ordinal))
                errors.Add(new ConfigError(user.KeyMark, $"{entry.Key}: a user's name has at least one character, and no colon."));
            if (Bcrypt.FaultOf(hash) is { } fault)
                errors.Add(new ConfigError(user.Value.Mark, $"{entry.Key}: what stands for {YamlFields.Show(new YamlScalar(user.KeyMark, user.Key, false))} is no bcrypt hash: {fault}. `htpasswd -nBC 10 NAME` makes one."));
            users[user.Key] = hash;
        }
        if (users.Count > 0 && Bcrypt.Instance is null)
            file.Error(entry.KeyMark, entry.Key, "passwords cannot be checked on this host: neither libcrypt.so.1 nor libcrypt.so.2 is there and knows bcrypt. Install it (Debian: libcrypt1), or use client certificates.");
        return users.ToImmutable();
    }

    private static WebRateLimit? ReadRateLimit(YamlFields file, ImmutableArray<ConfigError>.Builder errors)
    {
        var fields = file.Section("rate_limit");
        var (text, burst) = (fields.Text("interval"), fields.Number("burst", 0, 1_000_000));
        var interval = TimeSpan.Zero;
        if (text is not null and not "0" && !TryDuration(text, out interval))
            fields.Error(fields.Find("interval")!.Value.Value.Mark, "interval", $"\"{text}\" is not usable; it must be a time from 1ms to 1h, as in 100ms or 1s; 0 for no limit.");
        else if (interval > TimeSpan.Zero && burst is null or 0)
            fields.Error(fields.Mark, "burst", "must be at least 1 where there is an interval: with none, nobody is served.");
        fields.Close();
        return errors.Count == 0 && interval > TimeSpan.Zero ? new WebRateLimit(interval, burst!.Value) : null;
    }

    /// <summary>Of Go's durations, those of one number and one unit.</summary>
    private static bool TryDuration(string text, out TimeSpan duration)
    {
        var digits = text.AsSpan().IndexOfAnyExcept(OfNumbers);
        duration = default;
        if (digits <= 0 || !double.TryParse(text.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) || number > 1e9)
            return false;
        double? milliseconds = text[digits..] switch { "ms" => 1, "s" => 1e3, "m" => 60e3, "h" => 3600e3, _ => null };
        duration = TimeSpan.FromMilliseconds(number * milliseconds ?? 0);
        return number == 0 || (duration >= TimeSpan.FromMilliseconds(1) && duration <= TimeSpan.FromHours(1));
    }
}
