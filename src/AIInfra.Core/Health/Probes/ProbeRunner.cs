using System.Collections.Immutable;
using AIInfra.Core.State;
using AIInfra.Linux.Processes;

namespace AIInfra.Core.Health.Probes;

/// <summary>Runs one probe, one look at a time, on a thread of its own and never longer than its deadline.</summary>
public sealed class ProbeRunner(ProbeDefinition definition, ProbeSettings settings, Probe probe, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private Task<ProbeRound> _look = Task.FromResult(ProbeRound.Nothing("never run"));

    public ProbeDefinition Definition => definition;
    public ProbeSettings Settings => settings;

    /// <summary>The newest look.</summary>
    public ProbeReport Report { get; private set; } = new(
        definition.Name, settings.IsEnabled ? ProbeState.Waiting : ProbeState.Off, settings.IsEnabled ? "it has not been run yet" : $"health.probes.{definition.Name}.enabled is false",
        settings.Interval, null, default, []);

    /// <summary>Looks once. Never throws for what the probe does.</summary>
    public async Task<ProbeReport> RunAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            return Report = await LookAsync(cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private async Task<ProbeReport> LookAsync(CancellationToken cancellationToken)
    {
        if (!_look.IsCompleted)
            return Report with { State = ProbeState.Hung, Detail = $"the look of {Report.At:HH:mm:ss} UTC has not ended; it is waited for" };
        var (at, started, cpu) = (time.GetUtcNow(), time.GetTimestamp(), TimeSpan.Zero);
        _look = StartAsync(spent => cpu = spent, cancellationToken);
        try
        {
            var round = await _look.WaitAsync(definition.Deadline, time, cancellationToken);
            return Of(round.NotHere is null ? ProbeState.Done : ProbeState.NotHere, round.NotHere, round.Results);
        }
        catch (TimeoutException) when (!_look.IsCompleted)
        {
            return Of(ProbeState.Hung, $"it did not end within {definition.Deadline.TotalSeconds:0.###} s", Report.Results);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
#pragma warning disable CA1031 // a broken probe is said and tried again; the others go on
        catch (Exception fault)
#pragma warning restore CA1031
        {
            return Of(ProbeState.Failed, $"{fault.GetType().Name}: {fault.Message}", Report.Results);
        }

        ProbeReport Of(ProbeState state, string? detail, ImmutableArray<ProbeResult> results) =>
            new(definition.Name, state, detail, settings.Interval, at, time.GetElapsedTime(started), results) { CpuTime = cpu };
    }

    private async Task<ProbeRound> StartAsync(Action<TimeSpan> spent, CancellationToken cancellationToken)
    {
        Task<ProbeRound>? look = null;
        await DiskThread.RunAsync(() =>
        {
            look = probe.LookAsync(cancellationToken);
            spent(ThreadClock.CpuTime());
        }, $"probe {definition.Name}");
        return await look!;
    }
}
