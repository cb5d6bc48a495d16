using System.Diagnostics;
using Npgsql;

namespace AIInfra.Testing;

/// <summary>A real PostgreSQL of its own: Debian's, as build/tools.sh unpacks it, in a folder of its own, on a unix socket, as an unprivileged user (it refuses root).</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string Nobody = "65534";

    private static readonly string Tools = RepositoryRoot.Combine("out", "tools", "debian");
    private static readonly string Programs = Path.Combine(Tools, "usr", "lib", "postgresql", "15", "bin");

    private readonly string _folder;

    private readonly BootedMachine? _machine;

    private PostgresServer(string folder, BootedMachine? machine) => (_folder, _machine) = (folder, machine);

    /// <summary>Null when one can be had; else what is missing.</summary>
    public static string? Missing => File.Exists(Path.Combine(Programs, "postgres")) ? null : "PostgreSQL is not there: run build/tools.sh.";

    /// <summary>Where the socket and the data lie.</summary>
    public string Folder => _folder;

    /// <param name="settings">Lines of postgresql.conf beside the usual ones.</param>
    public static Task<PostgresServer> StartAsync(params string[] settings) => StartAsync(null, settings);

    /// <param name="machine">On whose network it may listen; null: this host's.</param>
    /// <param name="settings">Lines of postgresql.conf beside the usual ones.</param>
    public static async Task<PostgresServer> StartAsync(BootedMachine? machine, params string[] settings)
    {
        var server = new PostgresServer(Directory.CreateTempSubdirectory("aipg-").FullName, machine); // short: a socket's path has 107 characters at most
        if (Environment.IsPrivilegedProcess)
            await RunAsync("chown", Nobody, server._folder);
        await AsNobodyAsync("initdb", "-D", server.Data, "-U", "aiinfra", "--auth=trust", "--no-locale", "-E", "UTF8", "--no-sync");
        await File.AppendAllLinesAsync(Path.Combine(server.Data, "postgresql.conf"),
            ["listen_addresses = ''", $"unix_socket_directories = '{server._folder}'", "jit = off", "max_connections = 200", "shared_buffers = 32MB", .. settings]);
        await server.StartAgainAsync();
        return server;
    }

    public string ConnectionString(string database) => $"Host={_folder};Database={database};Username=aiinfra";

    public async Task CreateAsync(string database)
    {
        await using var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"CREATE DATABASE {database}", connection);
        await command.ExecuteNonQueryAsync();
    }

    public Task StartAgainAsync() => _machine is { } machine
        ? RunAsync("nsenter", ["--target", $"{machine.Leader}", "--net", "--", .. Nobodys("pg_ctl", "-D", Data, "-w", "-t", "30", "-l", Path.Combine(_folder, "log"), "start")])
        : AsNobodyAsync("pg_ctl", "-D", Data, "-w", "-t", "30", "-l", Path.Combine(_folder, "log"), "start");

    /// <param name="mode"><c>fast</c>, or <c>immediate</c>: as a power cut.</param>
    public Task StopAsync(string mode = "fast") => AsNobodyAsync("pg_ctl", "-D", Data, "-w", "-t", "30", "-m", mode, "stop");

    /// <summary>Copies the files of a stopped server, as a backup does.</summary>
    public Task CopyAsync(string name) => RunAsync("cp", "-a", Data, Path.Combine(_folder, name));

    /// <summary>Puts a copy in the place of the files of a stopped server.</summary>
    public async Task RestoreAsync(string name)
    {
        Directory.Delete(Data, recursive: true);
        await RunAsync("cp", "-a", Path.Combine(_folder, name), Data);
    }

    public async ValueTask DisposeAsync()
    {
        if (File.Exists(Path.Combine(Data, "postmaster.pid")))
            await StopAsync("immediate");
        Directory.Delete(_folder, recursive: true);
    }

    private string Data => Path.Combine(_folder, "data");

    private static Task AsNobodyAsync(string program, params string[] arguments)
    {
        var command = Nobodys(program, arguments);
        return RunAsync(command[0], command[1..]);
    }

    private static string[] Nobodys(string program, params string[] arguments)
    {
        string[] command = [Path.Combine(Programs, program), .. arguments];
        return Environment.IsPrivilegedProcess ? ["setpriv", $"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups", .. command] : command;
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        // No pipe: the server would hold it open. pg_ctl writes the server's log to a file, and what it says itself goes where the test's output goes.
        var start = new ProcessStartInfo("/bin/sh", ["-c", "exec \"$0\" \"$@\" >/dev/null", program, .. arguments]) { UseShellExecute = false, WorkingDirectory = "/" };
        start.Environment["LD_LIBRARY_PATH"] = Path.Combine(Tools, "usr", "lib", "x86_64-linux-gnu");
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}; what it printed is above.");
    }
}
