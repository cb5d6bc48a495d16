using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;
using AIInfra.Testing;

namespace AIInfra.EndToEndTests;

/// <summary>What docs/security.md says of sockets, files and secrets, held against both programs while they run.</summary>
public sealed partial class SecurityTests
{
    private const string Password = "pw-5d41402abc4b2a76", Bearer = "kubeconfig-bearer-7d793037a076", HookSecret = "hook-secret-f899139df5e1059396", DatabasePassword = "pgpw-c4ca4238a0b92382";
    private const string Hash = "$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a";

    [Fact]
    public async Task Sockets_and_files_are_those_that_the_page_lists_with_these_modes()
    {
        await using var aggregator = await AggregatorRun.StartAsync();
        await using var node = await SimulatedNodeRun.StartAsync("node dgx-h100\n", settings:
            [("AIINFRA_FLEET__AGGREGATOR", $"127.0.0.1:{aggregator.Port}"), ("AIINFRA_FLEET__CREDENTIALS", await aggregator.WriteJoinTokenAsync())]);
        await node.WaitForListAsync(healthy: 8, of: 8);
        await Eventually.AsyncTrue(() => Task.FromResult(File.Exists(Path.Combine(node.NodeFolder, "state/fleet/authorities.pem"))), () => node.Node.Transcript);
        await Eventually.AsyncTrue(() => Task.FromResult(File.Exists(Path.Combine(node.NodeFolder, "state/journal.db"))), () => node.Node.Transcript);
        var folder = Path.GetDirectoryName(aggregator.Config)!;
        var rows = Rows();

        var seen = Entries("RUN", Path.Combine(node.NodeFolder, "run")).Concat(Entries("STATE", Path.Combine(node.NodeFolder, "state")))
            .Concat(Entries("PLUGINS", Path.Combine(node.KubeletRoot, "device-plugins")).Where(entry => entry.Name.Contains("/aiinfra-", StringComparison.Ordinal)))
            .Concat(Entries("ASTATE", Path.Combine(folder, "state")))
            .Concat(Entries("ASTORE", folder).Where(entry => entry.Name.StartsWith("ASTORE/aggregator.db", StringComparison.Ordinal)))
            .Concat(Listeners(ProcessOf(node)).Select(port => (Name: port == node.Port ? "`metrics.address`" : $"port {port} of the agent", Mode: "TCP")))
            .Concat(Listeners(aggregator.Process.Id).Select(port => (Name: port == aggregator.Port ? "`listen.address`" : port == aggregator.MetricsPort ? "`metrics.address` of the aggregator" : $"port {port} of the aggregator", Mode: "TCP")))
            .ToList();

        var unlisted = string.Join('\n', seen.Where(entry => !rows.Any(row => row.Matches(entry.Name) && row.Mode == entry.Mode)).Select(entry => $"{entry.Name} {entry.Mode}"));
        Assert.Equal("", unlisted);
        Assert.Equal("", string.Join('\n', rows.Where(row => !row.IsSometimes && !seen.Any(entry => row.Matches(entry.Name))).Select(row => row.Name)));
    }

    [Fact]
    public async Task No_secret_is_in_any_log_at_the_level_of_debugging()
    {
        using var folder = new TestFolder();
        await using var aggregator = await AggregatorRun.StartAsync([
            ("AIINFRA_LOG__LEVEL", "debug"), ("AIINFRA_LOG__FORMAT", "json"), ("AIINFRA_NOTIFY__WEBHOOK", "http://127.0.0.1:1/hook"), ("AIINFRA_NOTIFY__WEBHOOKSECRETFILE", folder.Write("hook", HookSecret))]);
        var (join, viewer) = (await aggregator.WriteJoinTokenAsync(), await aggregator.TokenAsync("viewer"));
        await aggregator.GetAsync("/api/v1/nodes");
        var agent = await AgentLogAsync(aggregator.Port, join, folder);

        var strings = new[] { Password, Bearer, HookSecret, DatabasePassword, Hash, viewer.Split('.')[2], File.ReadAllText(join).Trim().Split('.')[2], Convert.ToBase64String(Encoding.UTF8.GetBytes($"prometheus:{Password}")), "BEGIN PRIVATE KEY", "BEGIN EC PRIVATE KEY" };
        var database = await AggregatorRun.UntilLineAsync(folder.Write("pg.yaml", $"listen: {{ address: \"127.0.0.1:{AgentProgram.FreePort()}\" }}\nmetrics: {{ address: \"127.0.0.1:{AgentProgram.FreePort()}\" }}\nstate: {{ path: {folder.Path}/pg }}\nlog: {{ level: debug }}\nstore: {{ connection: \"Host=127.0.0.1;Port=1;Username=u;Password={DatabasePassword}\" }}\n"), "does not take part");
        foreach (var (name, log) in new[] { ("agent", agent), ("aggregator", aggregator.Process.Transcript), ("aggregator on PostgreSQL", database) })
        {
            Assert.True(log.Length > 200, $"{name} logged nothing: {log}");
            foreach (var secret in strings)
                Assert.False(log.Contains(secret, StringComparison.Ordinal), $"The log of the {name} holds {secret}:\n{log}");
        }
        Assert.Contains("\"level\":\"debug\"", aggregator.Process.Transcript, StringComparison.Ordinal);
    }

    /// <summary>All that an agent says that is given a password, a kubeconfig with a token and a join token, and is asked with a wrong password.</summary>
    private static async Task<string> AgentLogAsync(int port, string credentials, TestFolder own)
    {
        var metrics = AgentProgram.FreePort();
        var web = own.Write("web.yaml", $"basic_auth_users:\n  prometheus: {Hash}\n");
        var kubeconfig = own.Write("kubeconfig", $"current-context: a\nclusters:\n- name: c\n  cluster: {{ server: \"https://127.0.0.1:1\" }}\nusers:\n- name: u\n  user: {{ token: {Bearer} }}\ncontexts:\n- name: a\n  context: {{ cluster: c, user: u }}\n");
        var config = own.WriteConfig(metrics, $"kubernetes: {{ kubeconfig: {kubeconfig} }}\nfleet: {{ aggregator: \"127.0.0.1:{port}\", credentials: {credentials} }}\nlog: {{ level: debug }}\n");
        own.Write("agent.yaml", File.ReadAllText(config).Replace($"\"127.0.0.1:{metrics}\" }}", $"\"127.0.0.1:{metrics}\", webConfig: {web} }}", StringComparison.Ordinal));
        await using var daemon = AgentProgram.Start("run", "--config", config);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{metrics}") };
        await Eventually.AsyncTrue(() => Task.FromResult(File.Exists(own.Combine("state/fleet/node.key"))), () => daemon.Transcript);
        await Eventually.AsyncTrue(() => Task.FromResult(daemon.Transcript.Contains("NodeWatch", StringComparison.Ordinal)), () => daemon.Transcript); // the API server does not answer, and that is said
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"prometheus:{Password}")));
        using var refused = await http.GetAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode); // a wrong password is a secret too
        return daemon.Transcript;
    }

    private sealed record Row(string Name, string Mode, bool IsSometimes)
    {
        public bool Matches(string name) => Regex.IsMatch(name, $"^{Regex.Escape(Name).Replace("\\*", "[^/]*", StringComparison.Ordinal)}$");
    }

    /// <summary>The rows of the table: what, owner, mode; those that begin with "(" in the last column come and go.</summary>
    private static List<Row> Rows()
    {
        var rows = new List<Row>();
        foreach (var line in File.ReadLines(RepositoryRoot.Combine("docs", "security.md")))
            if (Line().Match(line) is { Success: true } match)
                rows.Add(new Row(match.Groups[1].Value.Trim(), match.Groups[2].Value, match.Groups[3].Value.StartsWith('(')));
        Assert.True(rows.Count > 15, "docs/security.md has no table of sockets and files.");
        return rows;
    }

    private static IEnumerable<(string Name, string Mode)> Entries(string name, string folder)
    {
        yield return ($"{name}/", Mode(folder));
        foreach (var entry in Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories))
            yield return ($"{name}/{Path.GetRelativePath(folder, entry)}{(Directory.Exists(entry) ? "/" : "")}", Mode(entry));
    }

    private static string Mode(string path) => Convert.ToString((int)File.GetUnixFileMode(path), 8).PadLeft(4, '0');

    /// <summary>The daemon is a process of its own below the simulator's player, or that itself.</summary>
    private static int ProcessOf(SimulatedNodeRun node) => int.Parse(File.ReadAllText(Path.Combine(node.NodeFolder, "run/agent.pid")), CultureInfo.InvariantCulture);

    /// <summary>The TCP ports on which a process listens, by its descriptors and the kernel's tables.</summary>
    private static IEnumerable<int> Listeners(int process)
    {
        var sockets = Directory.EnumerateFiles($"/proc/{process}/fd").Select(file => new FileInfo(file).LinkTarget).OfType<string>()
            .Where(target => target.StartsWith("socket:[", StringComparison.Ordinal)).Select(target => target[8..^1]).ToHashSet(StringComparer.Ordinal);
        return new[] { "tcp", "tcp6" }.SelectMany(table => File.ReadLines($"/proc/{process}/net/{table}").Skip(1)).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields[3] == "0A" && sockets.Contains(fields[9])).Select(fields => int.Parse(fields[1].Split(':')[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
    }

    [GeneratedRegex(@"^\| ([^|]+) \| [^|]+ \| (TCP|0[0-7]{3}) \| ([^|]*)\|$")]
    private static partial Regex Line();
}
