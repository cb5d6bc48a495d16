using System.Net.Sockets;
using System.Text.Json;
using AIInfra.Core.Hosting;
using AIInfra.Linux.Sockets;

namespace AIInfra.Core.Health.Probes.Services;

/// <summary>Where images come from: the mirrors that the container runtimes are told to use (Harbor and others), and Dragonfly's daemon on the node.</summary>
internal sealed class ImageProbe(ProbeParts parts) : Probe
{
    private const string MirrorDown = "registry.unanswered", PeerDown = "p2p.unanswered";
    private const int MostMirrors = 16;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly string[] PeerSockets = ["dragonfly/dfdaemon.sock", "dfdaemon.sock"];

    public static ProbeDefinition Definition { get; } = new(
        "images", "Registry mirrors that containerd or Docker are configured with, and Dragonfly's daemon.", TimeSpan.FromMinutes(1), parts => new ImageProbe(parts))
    {
        Problems = [MirrorDown, PeerDown],
        BadToRaise = 3,
    };

    public override async Task<ProbeRound> LookAsync(CancellationToken cancellationToken)
    {
        var mirrors = Mirrors().DistinctBy(mirror => mirror.Address.AbsoluteUri).Take(MostMirrors).ToList();
        var asked = mirrors.Select(mirror => AskAsync(mirror.Address, mirror.Found, cancellationToken)).ToList();
        var config = Path.Combine(parts.Host.Root, "etc/dragonfly");
        var socket = PeerSockets.Select(path => Path.Combine(parts.Host.Run, path)).FirstOrDefault(File.Exists);
        if (socket is not null || File.Exists(Path.Combine(config, "dfdaemon.yaml")))
            asked.Add(DialAsync(socket, socket ?? config, cancellationToken));
        return asked.Count == 0 ? ProbeRound.Nothing("no registry mirror is configured, and Dragonfly is not here") : ProbeRound.Of(await Task.WhenAll(asked));
    }

    private IEnumerable<(Uri Address, string Found)> Mirrors()
    {
        var folder = Path.Combine(parts.Host.Root, "etc/containerd/certs.d");
        foreach (var registry in HostText.Names(folder))
        {
            var file = Path.Combine(folder, registry, "hosts.toml");
            foreach (var line in (HostText.Read(file) ?? "").Split('\n').Select(line => line.Trim()).Where(line => line.StartsWith("[host.", StringComparison.Ordinal)))
            {
                if (Address(line["[host.".Length..].TrimEnd(']').Trim('"', '\'')) is { } address)
                    yield return (address, file);
            }
        }
        var daemon = Path.Combine(parts.Host.Root, "etc/docker/daemon.json");
        foreach (var mirror in DockerMirrors(HostText.Read(daemon)))
        {
            if (Address(mirror) is { } address)
                yield return (address, daemon);
        }
    }

    private static List<string> DockerMirrors(string? text)
    {
        try
        {
            using var document = JsonDocument.Parse(text ?? "{}");
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("registry-mirrors", out var list) && list.ValueKind == JsonValueKind.Array
                ? [.. list.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!)] : [];
        }
        catch (Exception fault) when (BrokenJson.IsTold(fault))
        {
            return [];
        }
    }

    /// <summary>Without what a person may have written into it to log in.</summary>
    private static Uri? Address(string text) => Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
        ? new UriBuilder(address.Scheme, address.Host, address.Port, "/v2/").Uri : null;

    /// <summary>A registry that wants a login answers 401: it is there.</summary>
    private static async Task<ProbeResult> AskAsync(Uri address, string found, CancellationToken cancellationToken)
    {
        var reply = await HttpQuestion.GetAsync(address, null, Patience, cancellationToken);
        var (subject, evidence) = (new Subject(SubjectKind.Unit, $"registry {address.Authority}"), $"{address} (from {found}): {reply}");
        return reply.Status is < 500 ? ProbeResult.Healthy(MirrorDown, subject, evidence)
            : ProbeResult.Problem(MirrorDown, subject, Severity.Degraded, Cause.Host, SuggestedAction.Observe,
                $"The registry mirror {address.Authority} does not answer: images are pulled slowly from elsewhere, or not at all.", evidence);
    }

    private static async Task<ProbeResult> DialAsync(string? socket, string found, CancellationToken cancellationToken)
    {
        var says = "its socket is missing";
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        late.CancelAfter(Patience);
        try
        {
            if (socket is not null)
            {
                await using var stream = await UnixSocket.ConnectAsync(socket, late.Token);
                return ProbeResult.Healthy(PeerDown, new Subject(SubjectKind.Unit, "dfdaemon"), $"{socket} takes connections");
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            says = "takes no connection in time";
        }
        catch (Exception fault) when (fault is SocketException or IOException)
        {
            says = fault.Message;
        }
        return ProbeResult.Problem(PeerDown, new Subject(SubjectKind.Unit, "dfdaemon"), Severity.Degraded, Cause.Host, SuggestedAction.RestartService,
            "Dragonfly's daemon takes no connection: images that should come from peers are pulled from the registry, or not at all.", $"{found}: {says}");
    }
}
