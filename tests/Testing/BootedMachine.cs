using System.Diagnostics;
using System.Globalization;

namespace AIInfra.Testing;

/// <summary>A Debian with a systemd of its own, booted in a container with systemd-nspawn: what is done in it cannot reach the host. Boots in a second;
/// shared by the tests of one collection, and gone with them however they end.</summary>
public sealed class BootedMachine : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly PeerProcess _process;
    private readonly string _folder;
    private int _leader;

    private BootedMachine(PeerProcess process, string folder) => (_process, _folder) = (process, folder);

    /// <summary>The program and its simulators are at <c>/opt/aiinfra/bin</c> and <c>/opt/aiinfra/native</c>.</summary>
    public const string Program = "/opt/aiinfra/bin/aiinfra-agent";

    /// <summary>Its root folder, as the host's processes reach it. Another one after each boot.</summary>
    public string Root => $"/proc/{_leader}/root";
    public string BusSocket => $"{Root}/run/dbus/system_bus_socket";
    public string JournalFolder => $"{Root}/var/log/journal";
    /// <summary>Its process 1, by its number outside.</summary>
    public int Leader => _leader;
    /// <summary>How often it has booted.</summary>
    public int Boots { get; private set; }

    /// <summary>Why it cannot be booted here; null when it can.</summary>
    public static string? Refusal { get; } = FindRefusal();

    private static string Tools => RepositoryRoot.Combine("out", "tools", "debian");
    private static string? Tree { get; set; }

    /// <exception cref="InvalidOperationException">There is a <see cref="Refusal"/>, or it does not boot.</exception>
    public static async Task<BootedMachine> StartAsync()
    {
        if (Refusal is { } refusal)
            throw new InvalidOperationException(refusal);
        var folder = Directory.CreateTempSubdirectory("booted-").FullName;
        var process = PeerProcess.Start(RepositoryRoot.Combine("tests", "peers", "systemd", "machine.sh"),
            [Tools, Tree!, folder, $"--bind-ro={RepositoryRoot.Combine("out")}:/opt/aiinfra", $"--bind-ro={DotnetFolder()}:/usr/share/dotnet"]);
        var machine = new BootedMachine(process, folder);
        try
        {
            await machine.WaitForBootAsync();
        }
        catch
        {
            await machine.DisposeAsync();
            throw;
        }
        return machine;
    }

    /// <summary>Waits for the next boot: that of the start, or that after a reboot which was asked for.</summary>
    public async Task WaitForBootAsync()
    {
        _leader = int.Parse(await _process.WaitForLineAsync("booted "), CultureInfo.InvariantCulture);
        Boots++;
        for (var started = Stopwatch.GetTimestamp(); ;)
        {
            var (status, output) = await TryRunAsync(["systemctl", "is-system-running", "--wait"]);
            if (output.Trim() is "running" or "degraded")
                return;
            if (Stopwatch.GetElapsedTime(started) > Patience)
                throw new InvalidOperationException($"The machine does not come up: systemctl says {output} ({status}).\n{_process.Transcript}");
            await Task.Delay(20);
        }
    }

    /// <summary>Runs a command inside to its end, as root.</summary>
    /// <returns>Its output, both streams.</returns>
    /// <exception cref="InvalidOperationException">It failed; the message holds the output.</exception>
    public async Task<string> RunAsync(params string[] words)
    {
        var (status, output) = await TryRunAsync(words);
        return status == 0 ? output : throw new InvalidOperationException($"{string.Join(' ', words)} ended with {status}:\n{output}");
    }

    /// <inheritdoc cref="RunAsync"/>
    public async Task<(int Status, string Output)> TryRunAsync(params string[] words)
    {
        var start = new ProcessStartInfo("nsenter", ["--target", $"{_leader}", "--all", "--", "/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin", .. words])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        using var late = new CancellationTokenSource(Patience);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(late.Token);
            var errors = process.StandardError.ReadToEndAsync(late.Token);
            await process.WaitForExitAsync(late.Token);
            return (process.ExitCode, await output + await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new InvalidOperationException($"{string.Join(' ', words)} did not end within {Patience.TotalSeconds} s.");
        }
    }

    /// <param name="path">Absolute, inside.</param>
    public void Write(string path, string text)
    {
        var file = Root + path;
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }

    /// <summary>Installs a service. It is not started.</summary>
    public async Task AddServiceAsync(string name, string service, string unit = "")
    {
        Write($"/etc/systemd/system/{name}.service", $"[Unit]\nDescription={name} of a test\n{unit}\n[Service]\n{service}\n");
        await RunAsync("systemctl", "daemon-reload");
    }

    /// <summary>Sends a signal to a process inside, by its number there.</summary>
    public Task KillAsync(int process, int signal) => RunAsync("kill", $"-{signal}", $"{process}");

    /// <summary>For the message of a failing test: what the journal holds of a unit.</summary>
    public async Task<string> JournalOfAsync(string unit) =>
        (await TryRunAsync("journalctl", "--no-pager", "--output=short-monotonic", "--lines=100", $"--unit={unit}")).Output;

    public async ValueTask DisposeAsync()
    {
        _process.CloseInput();
        await _process.WaitForExitAsync(CancellationToken.None);
        await _process.DisposeAsync();
        if (Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
    }

    private static string DotnetFolder() => Path.GetFullPath(Path.Combine(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));

    private static string? FindRefusal()
    {
        if (!Environment.IsPrivilegedProcess)
            return "Booting a systemd needs root.";
        if (!File.Exists(Path.Combine(Tools, "usr/bin/systemd-nspawn")))
            return "systemd-nspawn is not there: run build/tools.sh.";
        using var where = Process.Start(new ProcessStartInfo(RepositoryRoot.Combine("build", "booted.sh"), ["--where"]) { RedirectStandardOutput = true })!;
        Tree = where.StandardOutput.ReadToEnd().Trim();
        where.WaitForExit();
        return Directory.Exists(Tree) ? null : $"The system to boot is not there ({Tree}): run build/booted.sh.";
    }
}
