using System.Diagnostics;
using AIInfra.Vendors.Simulation;

namespace AIInfra.Agent.Simulation;

/// <summary>What <c>aiinfra-agent simulate</c> is asked for.</summary>
internal sealed record SimulatedNodeOptions
{
    /// <summary>A model that <c>aiinfra-simnode list</c> names, for example <c>dgx-h100</c>; unused when <see cref="Scenario"/> names the node.</summary>
    /// <remarks>Boards that are files alone come as KIND-COUNT, and parts are joined by a plus: <c>dgx-h100+ib-ndr-8</c>, see <see cref="Vendors.Simulation.SimulatedBoards"/>.</remarks>
    public string Node { get; init; } = "dgx-h100";
    /// <summary>What happens to the boards that are files: see <see cref="FileTimeline"/>. Null: nothing.</summary>
    public string? Timeline { get; init; }
    /// <summary>A scenario file: node, overrides and a timeline of faults. It may be appended to while the node runs. Null: no faults.</summary>
    public string? Scenario { get; init; }
    /// <summary>The folder of the simulated host, kept when the node ends. Null: one of its own, removed at the end.</summary>
    public string? Folder { get; init; }
    /// <summary>Where a kubelet has its <c>device-plugins</c> folder. Null: inside the simulated host.</summary>
    public string? KubeletRoot { get; init; }
    public string MetricsAddress { get; init; } = "127.0.0.1:9400";
    /// <summary>Folder with the simulators. Null: looked for beside the program.</summary>
    public string? Simulators { get; init; }
}

/// <summary>A node without hardware: the simulated host's files, the player of its timeline, and the real daemon as a child.
/// When the timeline boots the node, the daemon dies as in a power cut and starts again with a new boot id.</summary>
internal sealed class SimulatedNode(SimulatedNodeOptions options, TextWriter output)
{
    /// <summary>Runs until cancelled, or until the daemon ends by itself.</summary>
    /// <returns>The daemon's exit code; 0 when cancelled; 69 without the simulators.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var (status, model, simulators) = Check(options, output);
        if (status != ExitStatus.Ok)
            return status;

        var folder = options.Folder ?? Directory.CreateTempSubdirectory("aiinfra-sim-").FullName;
        try
        {
            var host = SimulatedHost.Write(folder, simulators, options, model);
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            if (FileTimeline.Write(host.Root, options.Node, options.Timeline, output) is not { } timeline)
                return ExitStatus.NoInput;
            if (model is null)
                return await RunFilesAsync(host, timeline, ended);
            if (await host.RunToolAsync("tree", cancellationToken) is var code and not 0)
                return code;
            var playing = timeline.PlayAsync(ended.Token);
            using var player = host.StartTool("play");
            try
            {
                return await RunDaemonAsync(host, player, cancellationToken);
            }
            finally
            {
                await ended.CancelAsync();
                await playing;
                player.StandardInput.Close(); // the player ends with its input
                await player.WaitForExitAsync(CancellationToken.None);
            }
        }
        finally
        {
            if (options.Folder is null)
                Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>What of the node a simulated library is for, and where the simulators are; what is wrong is said, and the status is another one.</summary>
    public static (int Status, string? Model, string? Simulators) Check(SimulatedNodeOptions options, TextWriter output)
    {
        var (isGood, model) = FileTimeline.ModelOf(options.Node);
        if (!isGood)
        {
            output.WriteLine($"{options.Node} is no node. It is a model of aiinfra-simnode (dgx-h100), or of files as KIND-COUNT with 1 to 64 of: {string.Join(", ", SimulatedBoards.Kinds)}; parts are joined by a plus, as in dgx-h100+ib-ndr-8.");
            return (ExitStatus.Usage, null, null);
        }
        if (model is null)
            return (ExitStatus.Ok, null, null);
        if (SimulatorFolder.Find(options.Simulators) is { } simulators)
            return (ExitStatus.Ok, model, simulators);
        output.WriteLine($"The simulators are not installed (looked in {string.Join(", ", SimulatorFolder.Candidates(options.Simulators))}). Run make build, install the package aiinfra-simulators, or name their folder with --simulators.");
        return (ExitStatus.Unavailable, null, null);
    }

    /// <summary>A node whose boards are all files: there is no library's player, and nothing boots it.</summary>
    private static async Task<int> RunFilesAsync(SimulatedHost host, FileTimeline timeline, CancellationTokenSource ended)
    {
        using var daemon = host.StartDaemon();
        var playing = timeline.PlayAsync(ended.Token);
        var exit = daemon.WaitForExitAsync(CancellationToken.None);
        var first = await Task.WhenAny(exit, Task.Delay(Timeout.Infinite, ended.Token));
        if (first != exit)
            await StopAsync(daemon);
        await ended.CancelAsync();
        await playing;
        return first == exit ? daemon.ExitCode : 0;
    }

    private async Task<int> RunDaemonAsync(SimulatedHost host, Process player, CancellationToken cancellationToken)
    {
        using var boots = new SemaphoreSlim(0); // boots that happened and were not yet acted on
        var narration = NarrateAsync(player, boots);
        while (true)
        {
            using var daemon = host.StartDaemon();
            var ended = daemon.WaitForExitAsync(CancellationToken.None);
            var booted = boots.WaitAsync(CancellationToken.None);
            var cancelled = Task.Delay(Timeout.Infinite, cancellationToken);
            var first = await Task.WhenAny(ended, booted, cancelled);
            if (first == ended)
                return narration.IsFaulted ? ExitStatus.Software : daemon.ExitCode;

            if (first == cancelled)
            {
                await StopAsync(daemon);
                return 0;
            }
            daemon.Kill(); // as the power does: no goodbye
            await daemon.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static async Task StopAsync(Process daemon)
    {
        using (var kill = Process.Start("kill", ["-TERM", $"{daemon.Id}"]))
            await kill.WaitForExitAsync();
        await daemon.WaitForExitAsync(CancellationToken.None);
    }

    private async Task NarrateAsync(Process player, SemaphoreSlim boots)
    {
        while (await player.StandardOutput.ReadLineAsync() is { } line)
        {
            await output.WriteLineAsync($"simulated node: {line}");
            if (line.EndsWith(" boot", StringComparison.Ordinal))
                boots.Release();
        }
    }
}
