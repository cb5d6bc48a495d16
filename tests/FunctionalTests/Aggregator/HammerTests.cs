using System.Diagnostics;
using System.Globalization;
using AIInfra.FunctionalTests.VendorHost;
using AIInfra.Testing;
using Npgsql;

namespace AIInfra.FunctionalTests.Aggregator;

/// <summary>Many replicas as processes of their own, on one database, at full speed. Whether the budgets held is added up from what the nodes were told, not from the database.</summary>
public sealed class HammerTests : IDisposable
{
    private const int Replicas = 4, Nodes = 40, Seconds = 6, OfFleet = 3, OfRack = 1; // the budgets of GrantHammer
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(120);

    private readonly string _folder = Directory.CreateTempSubdirectory("hammer-").FullName;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Replicas_that_share_a_file_never_grant_more_than_the_budgets_together()
    {
        await HammerAsync($"Data Source={Path.Combine(_folder, "fleet.db")}", () => Task.CompletedTask);
        Observe(least: 50);
    }

    [Fact]
    public async Task Replicas_that_share_a_server_never_grant_more_than_the_budgets_together_over_a_crash_of_the_server()
    {
        Assert.SkipUnless(PostgresServer.Missing is null, PostgresServer.Missing ?? "");
        await using var server = await PostgresServer.StartAsync();
        await HammerAsync(await MakeAsync(server), async () =>
        {
            await UnderWayAsync();
            await server.StopAsync("immediate");
            await server.StartAgainAsync();
        });
        var away = Observe(least: 50);
        Assert.True(away > 0, "Nobody noticed that the server was away.");
    }

    [Fact]
    public async Task A_replica_that_is_killed_keeps_what_it_granted_counted()
    {
        Assert.SkipUnless(PostgresServer.Missing is null, PostgresServer.Missing ?? "");
        await using var server = await PostgresServer.StartAsync("fsync = off");
        var connection = await MakeAsync(server);
        var killed = Start(connection, 0);
        var others = Enumerable.Range(1, Replicas - 1).Select(share => Start(connection, share)).ToList();
        await UnderWayAsync();
        killed.Kill();
        await killed.WaitForExitAsync(Stop);
        foreach (var process in others)
            await EndAsync(process);
        killed.Dispose();
        Observe(least: 20);
    }

    private static async Task<string> MakeAsync(PostgresServer server)
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString("postgres") + ";Pooling=false");
        await connection.OpenAsync(Stop);
        await using var command = new NpgsqlCommand("CREATE DATABASE hammer", connection);
        await command.ExecuteNonQueryAsync(Stop);
        return server.ConnectionString("hammer");
    }

    /// <summary>All of them have been granted something.</summary>
    private async Task UnderWayAsync()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        patience.CancelAfter(Deadline);
        while (Directory.GetFiles(_folder, "log-*").Count(log => new FileInfo(log).Length > 0) < Replicas)
            await Task.Delay(20, patience.Token);
    }

    private async Task HammerAsync(string connection, Func<Task> meanwhile)
    {
        var processes = Enumerable.Range(0, Replicas).Select(share => Start(connection, share)).ToList();
        await meanwhile();
        foreach (var process in processes)
            await EndAsync(process);
    }

    private Process Start(string connection, int share) => Process.Start(new ProcessStartInfo(VendorFolder.Program,
        [_folder, "hammer", connection, share.ToString(CultureInfo.InvariantCulture), $"{Replicas}", $"{Nodes}", $"{Seconds}"]) { RedirectStandardError = true })!;

    private static async Task EndAsync(Process process)
    {
        var errors = process.StandardError.ReadToEndAsync(Stop);
        await process.WaitForExitAsync(Stop).WaitAsync(Deadline, Stop);
        Assert.True(process.ExitCode == 0, await errors);
        process.Dispose();
    }

    /// <summary>Adds up over all replicas what was held at each moment. A node holds from the answer on, at the latest, until before it says that it gives back, at the earliest.</summary>
    /// <returns>How often the store was away.</returns>
    private int Observe(int least)
    {
        var lines = Directory.EnumerateFiles(_folder, "log-*").SelectMany(File.ReadLines).Select(line => line.Split(' ')).Where(parts => parts.Length == 5)
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
        Assert.True(fences.Count >= least, $"Only {fences.Count} grants were given: nobody got anywhere.");
        TestContext.Current.SendDiagnosticMessage($"{fences.Count} grants in {Seconds} s");
        return lines.Count(line => line.Sign == "!");
    }
}
