using System.Diagnostics;
using System.Globalization;
using AIInfra.FunctionalTests.VendorHost;
using AIInfra.Testing;
using Npgsql;

namespace AIInfra.FunctionalTests.Aggregator;

/// <summary>Many replicas as processes of their own, on one database, at full speed. Whether the budgets held is added up from what the nodes were told, not from the database.</summary>
public sealed class HammerTests : IDisposable
{
    private const int Replicas = 4, Nodes = 40, OfFleet = 3, OfRack = 1; // the budgets of GrantHammer
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(120);

    private readonly string _folder = Directory.CreateTempSubdirectory("hammer-").FullName;

    private readonly List<Process> _processes = [];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        foreach (var process in _processes)
        {
            if (!process.HasExited)
                process.Kill();
            process.WaitForExit();
            process.Dispose();
        }
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Replicas_that_share_a_file_never_grant_more_than_the_budgets_together()
    {
        await HammerAsync($"Data Source={Path.Combine(_folder, "fleet.db")}", () => GrantedAsync(100));
        Observe();
    }

    [Fact]
    public async Task Replicas_that_share_a_server_never_grant_more_than_the_budgets_together_over_a_crash_of_the_server()
    {
        Assert.SkipUnless(PostgresServer.Missing is null, PostgresServer.Missing ?? "");
        await using var server = await PostgresServer.StartAsync();
        await HammerAsync(await MakeAsync(server), async () =>
        {
            await GrantedAsync(40);
            await server.StopAsync("immediate");
            await server.StartAgainAsync();
            await GrantedAsync(Lines('+') + 60); // it goes on afterwards
        });
        Observe();
    }

    [Fact]
    public async Task A_replica_that_is_killed_keeps_what_it_granted_counted()
    {
        Assert.SkipUnless(PostgresServer.Missing is null, PostgresServer.Missing ?? "");
        await using var server = await PostgresServer.StartAsync("fsync = off");
        var connection = await MakeAsync(server);
        var killed = Start(connection, 0);
        var others = Enumerable.Range(1, Replicas - 1).Select(share => Start(connection, share)).ToList();
        await GrantedAsync(40);
        killed.Kill();
        await killed.WaitForExitAsync(Stop);
        await Task.Delay(TimeSpan.FromSeconds(3), Stop); // what the others do meanwhile is what is looked at: what the killed one held may leave them nothing
        await File.WriteAllTextAsync(Path.Combine(_folder, "stop"), "", Stop);
        foreach (var process in others)
            await EndAsync(process);
        Observe();
    }

    private static async Task<string> MakeAsync(PostgresServer server)
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString("postgres") + ";Pooling=false");
        await connection.OpenAsync(Stop);
        await using var command = new NpgsqlCommand("CREATE DATABASE hammer", connection);
        await command.ExecuteNonQueryAsync(Stop);
        return server.ConnectionString("hammer");
    }

    /// <summary>So many grants were given, however slow the machine is; and each replica had one.</summary>
    private async Task GrantedAsync(int least)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        patience.CancelAfter(Deadline);
        while (Lines('+') < least || Directory.GetFiles(_folder, "log-*").Count(log => new FileInfo(log).Length > 0) < Replicas)
            await Task.Delay(20, patience.Token);
    }

    private int Lines(char sign) => Directory.EnumerateFiles(_folder, "log-*").SelectMany(Read).Count(line => line.StartsWith(sign));

    /// <summary>Also while it is written.</summary>
    private static List<string> Read(string file)
    {
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }

    private async Task HammerAsync(string connection, Func<Task> meanwhile)
    {
        var processes = Enumerable.Range(0, Replicas).Select(share => Start(connection, share)).ToList();
        await meanwhile();
        await File.WriteAllTextAsync(Path.Combine(_folder, "stop"), "", Stop);
        foreach (var process in processes)
            await EndAsync(process);
    }

    private Process Start(string connection, int share)
    {
        var start = new ProcessStartInfo(VendorFolder.Program, [_folder, "hammer", connection, share.ToString(CultureInfo.InvariantCulture), $"{Replicas}", $"{Nodes}"]) { RedirectStandardError = true };
        var process = Process.Start(start)!;
        _processes.Add(process);
        return process;
    }

    private static async Task EndAsync(Process process)
    {
        var errors = process.StandardError.ReadToEndAsync(Stop);
        await process.WaitForExitAsync(Stop).WaitAsync(Deadline, Stop);
        Assert.True(process.ExitCode == 0, await errors);
    }

    /// <summary>Adds up over all replicas what was held at each moment. A node holds from the answer on, at the latest, until before it says that it gives back, at the earliest.</summary>
    private void Observe()
    {
        var lines = Directory.EnumerateFiles(_folder, "log-*").SelectMany(Read).Select(line => line.Split(' ')).Where(parts => parts.Length == 5)
            .Select(parts => (Sign: parts[0], At: long.Parse(parts[1], CultureInfo.InvariantCulture), Node: parts[2], Rack: parts[3], Fence: long.Parse(parts[4], CultureInfo.InvariantCulture)))
            .OrderBy(line => line.At).ToList();
        var held = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in lines.Where(line => line.Sign != "!"))
        {
            if (line.Sign == "-")
            {
                held.Remove(line.Node);
                continue;
            }
            Assert.True(held.TryAdd(line.Node, line.Rack), $"{line.Node} has two grants at once.");
            Assert.True(held.Count <= OfFleet, $"{string.Join(", ", held.Keys)} are held at once.");
            Assert.True(held.Values.Count(rack => rack == line.Rack) <= OfRack, $"{string.Join(", ", held)}: two in {line.Rack}.");
        }
        var fences = lines.Where(line => line.Sign == "+").Select(line => line.Fence).ToList();
        Assert.Equal(fences.Count, fences.Distinct().Count());
    }
}
