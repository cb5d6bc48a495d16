using System.Text;
using AIInfra.Core.Configuration;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace AIInfra.Kubernetes.Api;

/// <summary>Reads a kubeconfig: the current context, or nothing. What it cannot do it refuses by name; it never does less than the file asks for.</summary>
public static class KubeconfigReader
{
    private const int LongestFile = 4 << 20; // bytes
    private const int DeepestNesting = 32;

    /// <exception cref="ApiException">It cannot be read or used; the message names the file, the entry and what would be right.</exception>
    public static ApiCredentials ReadFile(string path, TimeProvider time)
    {
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > LongestFile } large)
                throw Refusal(path, $"it has {large.Length:N0} bytes; a kubeconfig has a few thousand. Name the right file in kubernetes.kubeconfig");
            return Read(path, File.ReadAllText(path), time);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw Refusal(path, $"it cannot be read: {fault.Message} Name a readable file in kubernetes.kubeconfig, or leave that empty", fault);
        }
        catch (YamlException fault)
        {
            throw Refusal(path, $"line {fault.Start.Line}: this is not YAML: {fault.Message.TrimEnd('.')}", fault);
        }
        catch (Exception fault) when (BrokenYaml.IsTold(fault))
        {
            throw Refusal(path, $"this is not YAML: {fault.Message.TrimEnd('.')}", fault);
        }
    }

    private static ApiCredentials Read(string path, string text, TimeProvider time)
    {
        var parser = new Parser(new StringReader(text));
        parser.Consume<StreamStart>();
        if (!parser.TryConsume<DocumentStart>(out _) || ReadValue(parser, 0) is not Dictionary<string, object?> file)
            throw Refusal(path, "it is no kubeconfig (a mapping with clusters, users and contexts)");
        if (Text(file, "current-context") is not { Length: > 0 } current)
            throw Refusal(path, "it has no current-context. Set one: kubectl config use-context NAME --kubeconfig FILE");
        var context = Entry(path, file, "contexts", "context", current);
        var cluster = Entry(path, file, "clusters", "cluster", Text(context, "cluster") ?? "");
        var user = Text(context, "user") is { Length: > 0 } name ? Entry(path, file, "users", "user", name) : [];
        Refuse(path, cluster, user);

        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var token = Text(user, "tokenFile") is { Length: > 0 } tokenFile ? SecretText.InFile(Path.Combine(folder, tokenFile), time) // kubectl prefers the file too
            : Text(user, "token") is { Length: > 0 } written ? SecretText.Of(written) : null;
        var certificate = Secret(path, user, "client-certificate", folder, time);
        var key = Secret(path, user, "client-key", folder, time);
        if (certificate is null != key is null)
            throw Refusal(path, $"user: client-certificate and client-key belong together; {(key is null ? "client-key" : "client-certificate")} (or the same with -data) is missing");
        return new ApiCredentials
        {
            Server = Server(path, cluster, token is not null || certificate is not null),
            Origin = path,
            Authority = Secret(path, cluster, "certificate-authority", folder, time),
            Token = token,
            ClientCertificate = certificate,
            ClientKey = key,
            TlsServerName = Text(cluster, "tls-server-name") is { Length: > 0 } server ? server : null,
        };
    }

    /// <summary>What would need a program of somebody else's, or would send credentials to whoever answers.</summary>
    private static void Refuse(string path, Dictionary<string, object?> cluster, Dictionary<string, object?> user)
    {
        if (Text(cluster, "insecure-skip-tls-verify") == "true")
            throw Refusal(path, "cluster: insecure-skip-tls-verify is true, and the agent's credentials would go to whoever answers. Give certificate-authority-data instead");
        if (Text(cluster, "proxy-url") is { Length: > 0 })
            throw Refusal(path, "cluster: proxy-url is not supported. Name the API server's own address in server");
        foreach (var (key, advice) in new[]
        {
            ("exec", "a root daemon does not start programs that a file names. Use a service account's token (tokenFile) or a client certificate"),
            ("auth-provider", "it was removed from Kubernetes. Use a service account's token (tokenFile) or a client certificate"),
            ("username", "passwords are no longer taken by API servers. Use a service account's token (tokenFile) or a client certificate"),
            ("as", "the agent speaks for itself only. Give it an account of its own"),
        })
        {
            if (user.TryGetValue(key, out var value) && value is not null and not "")
                throw Refusal(path, $"user: {key} is not supported: {advice}");
        }
    }

    private static Uri Server(string path, Dictionary<string, object?> cluster, bool hasCredentials)
    {
        var text = Text(cluster, "server");
        if (!Uri.TryCreate(text, UriKind.Absolute, out var server) || server.Scheme is not ("https" or "http"))
            throw Refusal(path, $"cluster: server must be an address, as in https://10.0.0.1:6443; it is {(string.IsNullOrEmpty(text) ? "missing" : $"\"{text}\"")}");
        if (server.Scheme == "http" && (hasCredentials || !server.IsLoopback))
            throw Refusal(path, $"cluster: server is {text}; without TLS only a proxy on this host is spoken to, and without credentials. Use https");
        return server;
    }

    private static SecretText? Secret(string path, Dictionary<string, object?> entry, string key, string folder, TimeProvider time)
    {
        if (Text(entry, $"{key}-data") is { Length: > 0 } data) // wins over the file, as in kubectl
        {
            try
            {
                return SecretText.Of(Encoding.UTF8.GetString(Convert.FromBase64String(data)));
            }
            catch (FormatException)
            {
                throw Refusal(path, $"{key}-data is not base64");
            }
        }
        return Text(entry, key) is { Length: > 0 } file ? SecretText.InFile(Path.Combine(folder, file), time) : null;
    }

    /// <summary>The mapping <paramref name="kind"/> of the entry with a name in one of the three lists.</summary>
    private static Dictionary<string, object?> Entry(string path, Dictionary<string, object?> file, string list, string kind, string name)
    {
        var entries = (file.GetValueOrDefault(list) as List<object?> ?? []).OfType<Dictionary<string, object?>>().ToList();
        if (entries.FirstOrDefault(entry => Text(entry, "name") == name) is { } found)
            return found.GetValueOrDefault(kind) as Dictionary<string, object?> ?? [];
        throw Refusal(path, $"{list} has no entry \"{name}\"; it has: {(entries.Count == 0 ? "none" : string.Join(", ", entries.Select(entry => Text(entry, "name"))))}");
    }

    private static string? Text(Dictionary<string, object?> entry, string key) => entry.GetValueOrDefault(key) as string;

    private static object? ReadValue(IParser parser, int depth)
    {
        if (depth > DeepestNesting)
            throw new YamlException(parser.Current!.Start, parser.Current.End, "the nesting is too deep");
        if (parser.TryConsume<MappingStart>(out _))
        {
            var mapping = new Dictionary<string, object?>(StringComparer.Ordinal);
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                var key = parser.Consume<Scalar>().Value;
                mapping[key] = ReadValue(parser, depth + 1);
            }
            return mapping;
        }
        if (parser.TryConsume<SequenceStart>(out _))
        {
            var list = new List<object?>();
            while (!parser.TryConsume<SequenceEnd>(out _))
                list.Add(ReadValue(parser, depth + 1));
            return list;
        }
        if (parser.Accept<AnchorAlias>(out var alias))
            throw new YamlException(alias.Start, alias.End, "aliases (*name) are not followed in a kubeconfig");
        var scalar = parser.Consume<Scalar>();
        return scalar.Style == ScalarStyle.Plain && scalar.Value is "null" or "~" ? null : scalar.Value;
    }

    private static ApiException Refusal(string path, string why, Exception? inner = null) => new(ApiFault.Invalid, $"The kubeconfig {path} cannot be used: {why}.", inner);
}
