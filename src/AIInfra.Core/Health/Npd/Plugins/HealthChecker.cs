using System.Globalization;
using System.Text;
using AIInfra.Core.Health.Logs;
using AIInfra.Core.Health.Npd.Configuration;
using AIInfra.Core.Health.Npd.Logs;
using AIInfra.Core.Health.Npd.Patterns;
using AIInfra.Core.Hosting;
using AIInfra.Core.State;
using AIInfra.Linux.Journal;
using AIInfra.Linux.Processes;

namespace AIInfra.Core.Health.Npd.Plugins;

/// <summary>Does what node-problem-detector's helper <c>health-checker</c> does, but for its repair: it kills nothing, that is for remediation to decide.</summary>
internal sealed class HealthChecker(HostPaths host, BootClock clock, CommandRunner commands, HttpClient http, TimeProvider time)
{
    private static readonly string[] Flags =
    [
        "component", "service", "systemd-service", "enable-repair?", "crictl-path", "cri-socket-path", "cri-timeout", "cooldown-time", "loopback-time",
        "health-check-timeout", "log-pattern",
    ];
    private static readonly string[] Programs = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/home/kubernetes/bin", "/opt/bin"];

    public async Task<PluginOutcome> RunAsync(IReadOnlyList<string> arguments, TimeSpan most, CancellationToken cancellationToken)
    {
        var flags = new PluginFlags(arguments, Flags, out var wrong);
        var timeout = flags.Duration("health-check-timeout", TimeSpan.FromSeconds(10), ref wrong);
        var window = flags.Duration("loopback-time", TimeSpan.Zero, ref wrong);
        var criTimeout = flags.Duration("cri-timeout", TimeSpan.FromSeconds(2), ref wrong);
        if (wrong is not null)
            return PluginOutcome.Unknown($"health-checker: {wrong}");
        timeout = timeout < most ? timeout : most;
        var component = flags.Text("component", "kubelet");
        var unhealthy = component switch
        {
            "kubelet" => await AskAsync($"http://{Environment("HOST_ADDRESS", "localhost")}:{Environment("KUBELET_PORT", "10248")}/healthz", timeout, cancellationToken),
            "kube-proxy" => await AskAsync($"http://{Environment("HOST_ADDRESS", "localhost")}:{Environment("KUBEPROXY_PORT", "10256")}/livez", timeout, cancellationToken),
            "docker" => await TryAsync("docker", ["ps"], timeout),
            "cri" => await TryAsync(flags.Text("crictl-path", "/usr/bin/crictl"),
                ["--timeout", Seconds(criTimeout), "--runtime-endpoint", flags.Text("cri-socket-path", "unix:///var/run/containerd/containerd.sock"), "pods", "--latest"], timeout),
            _ => "?",
        };
        if (unhealthy == "?")
            return PluginOutcome.Unknown($"health-checker: --component is \"{component}\"; it must be kubelet, kube-proxy, docker or cri.");
        var service = flags.Text("service", flags.Text("systemd-service", component == "cri" ? "containerd" : component));
        if (unhealthy is null && flags.Given("log-pattern").Any())
            unhealthy = await SearchAsync(flags, service, window, cancellationToken);
        return unhealthy is null ? PluginOutcome.Well($"{component} is healthy") : PluginOutcome.Problem($"{component} is unhealthy: {unhealthy}");
    }

    /// <returns>Null when it answers 200.</returns>
    private async Task<string?> AskAsync(string address, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            using var answer = await http.GetAsync(new Uri(address), HttpCompletionOption.ResponseHeadersRead, limit.Token);
            return answer.StatusCode == System.Net.HttpStatusCode.OK ? null : $"GET {address} gave {(int)answer.StatusCode}";
        }
        catch (Exception fault) when (fault is HttpRequestException or UriFormatException)
        {
            return $"GET {address}: {fault.Message}";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"GET {address} gave no answer in {Seconds(timeout)}";
        }
    }

    /// <returns>Null when it ends with 0.</returns>
    private async Task<string?> TryAsync(string program, string[] arguments, TimeSpan timeout)
    {
        var path = program.Contains('/') ? program : Programs.Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists) ?? $"/usr/bin/{program}";
        var result = await commands.RunAsync(path, arguments, timeout);
        if (result.Refusal is { } refusal)
            return refusal;
        if (result.IsTimeout)
            return $"{program} {arguments[^1]} did not end in {Seconds(timeout)}";
        return result.Status is { Code: 0 } ? null : $"{program} {arguments[^1]} ended with {result.Status}: {Encoding.UTF8.GetString(result.Errors).Trim()}";
    }

    /// <summary>Looks for so many lines of each pattern in what the unit has said.</summary>
    /// <returns>Null when there are fewer.</returns>
    private async Task<string?> SearchAsync(PluginFlags flags, string service, TimeSpan window, CancellationToken cancellationToken)
    {
        var since = time.GetUtcNow() - window;
        if (window == TimeSpan.Zero)
            since = await ActiveSinceAsync(service) ?? clock.Booted();
        string? found = null;
        await DiskThread.RunAsync(() => found = Search(flags, service, since, cancellationToken), "health-checker");
        return found;
    }

    private string? Search(PluginFlags flags, string service, DateTimeOffset since, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var (least, pattern) in flags.Given("log-pattern").SelectMany(value => value.Split(',')).Select(Split))
            {
                var regex = new NpdRegex(new NpdLogRule(null, "log-pattern", default, Re2Pattern.EndingAtEnd($"(?is)(?:{pattern}).*"), ""), new SlowPatterns());
                using var reader = JournalReader.Open(JournalFolder.Of("", host), [$"_SYSTEMD_UNIT={service}.service"]);
                reader.Seek((long)(since - DateTimeOffset.UnixEpoch).TotalMicroseconds);
                var count = 0;
                while (count < least && !cancellationToken.IsCancellationRequested && reader.TryRead(out var entry))
                    count += regex.IsMatch(LogMatcher.Show(entry.Message)) ? 1 : 0;
                if (count >= least)
                    return $"its log holds \"{pattern}\" {count} times since {since:u}";
            }
            return null;
        }
        catch (Exception fault) when (fault is IOException or Re2Exception)
        {
            return null; // NPD's helper, too, takes a log that it cannot search for a good one
        }
    }

    private static (int Least, string Pattern) Split(string value)
    {
        var colon = value.IndexOf(':');
        return colon > 0 && int.TryParse(value.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out var least) ? (least, value[(colon + 1)..]) : (1, value);
    }

    private async Task<DateTimeOffset?> ActiveSinceAsync(string service)
    {
        var result = await commands.RunAsync("/usr/bin/systemctl", ["show", service, "--property=InactiveExitTimestampMonotonic", "--value"], TimeSpan.FromSeconds(5));
        return result.Status is { Code: 0 } && long.TryParse(Encoding.ASCII.GetString(result.Output).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var since)
            ? clock.Booted().AddMicroseconds(since)
            : null;
    }

    private static string Environment(string name, string fallback) => System.Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : fallback;

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.###}s");
}
