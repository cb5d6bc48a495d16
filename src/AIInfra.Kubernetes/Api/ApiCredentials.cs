namespace AIInfra.Kubernetes.Api;

/// <summary>Where the API server is, how it proves itself, and as whom the agent speaks.</summary>
public sealed record ApiCredentials
{
    private const string ServiceAccount = "var/run/secrets/kubernetes.io/serviceaccount";

    public required Uri Server { get; init; }
    /// <summary>Where this was read, for messages: a path, or "the pod's service account".</summary>
    public required string Origin { get; init; }
    /// <summary>PEM certificates that sign the server's; null: the host's own trust.</summary>
    public SecretText? Authority { get; init; }
    public SecretText? Token { get; init; }
    /// <summary>PEM, with <see cref="ClientKey"/>.</summary>
    public SecretText? ClientCertificate { get; init; }
    public SecretText? ClientKey { get; init; }
    /// <summary>The name that the server's certificate must have; null: the host of <see cref="Server"/>.</summary>
    public string? TlsServerName { get; init; }

    /// <summary>What every container of a pod is given. Null outside of one.</summary>
    /// <param name="environment">Reads a variable.</param>
    /// <param name="root">The file system's root; the container's own, not the host's.</param>
    public static ApiCredentials? InCluster(Func<string, string?> environment, TimeProvider time, string root = "/")
    {
        var folder = Path.Combine(root, ServiceAccount);
        if (environment("KUBERNETES_SERVICE_HOST") is not { Length: > 0 } host || !File.Exists(Path.Combine(folder, "token")))
            return null;
        var port = environment("KUBERNETES_SERVICE_PORT") is { Length: > 0 } given ? given : "443";
        if (!Uri.TryCreate($"https://{(host.Contains(':') ? $"[{host}]" : host)}:{port}", UriKind.Absolute, out var server))
            throw new ApiException(ApiFault.Invalid, $"KUBERNETES_SERVICE_HOST ({host}) and KUBERNETES_SERVICE_PORT ({port}) are no address. The kubelet sets them: look at the pod's environment.");
        return new ApiCredentials
        {
            Server = server,
            Origin = "the pod's service account",
            Authority = SecretText.InFile(Path.Combine(folder, "ca.crt"), time),
            Token = SecretText.InFile(Path.Combine(folder, "token"), time),
        };
    }
}
