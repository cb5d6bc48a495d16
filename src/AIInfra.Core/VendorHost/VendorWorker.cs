using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sampling;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.VendorHost;

/// <summary>Where a vendor's worker puts what it finds.</summary>
/// <param name="Releases">Null: nobody releases it.</param>
/// <param name="Bus">Null: nobody tells of changes, and the slow look finds them.</param>
/// <param name="Pauses">Null: nobody else can be asked to stand aside.</param>
/// <param name="Beats">Null: nobody asks whether the loop goes round.</param>
public sealed record VendorBoards(
    InventoryBoard Inventory, SampleBoard Samples, HealthBoard Health, WorkerBoard Parts, VendorReleases? Releases = null, PciChanges? Bus = null,
    VendorPauses? Pauses = null, Heartbeats? Beats = null);

/// <summary>Serves one vendor: keeps a child with its library alive, and turns its answers into inventory, samples and events.</summary>
/// <remarks>This class decides when a child is started, left or given up; <see cref="VendorRounds"/> asks it.</remarks>
public sealed partial class VendorWorker : IWorker
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(60);
    /// <summary>A bus that changes all the time is looked at so often.</summary>
    private static readonly TimeSpan BetweenBusLooks = TimeSpan.FromSeconds(1);
    /// <summary>For a round's calls and a change of the child, which all have deadlines.</summary>
    private static readonly TimeSpan RoundPatience = TimeSpan.FromMinutes(5);

    private readonly VendorDefinition _definition;
    private readonly VendorOptions _options;
    private readonly VendorHostLauncher _launcher;
    private readonly TimeProvider _time;
    private readonly ILogger<VendorWorker> _logger;
    private readonly VendorDevices _devices = new();
    private readonly AbandonedChildren _abandoned = new();
    private readonly VendorBoards _boards;
    private readonly VendorProblems _problems;
    private readonly VendorStates _states;
    private readonly VendorRounds _rounds;
    private readonly VendorReleases _releases;
    private readonly Latest<PciChange> _bus;
    private readonly VendorPauses _pauses;
    private readonly HostPaths _host;
    private readonly KernelModule? _module;
    private ImmutableSortedDictionary<string, VendorRelease> _seenReleases;
    private PciChange _seenChange;
    private long? _lookedAtBus;
    private VendorChild? _child;
    private string? _lastHang;
    private int _failures;

    public VendorWorker(
        VendorDefinition definition, VendorOptions options, VendorHostLauncher launcher, VendorBoards boards,
        StoredInventories stored, HostPaths host, TimeProvider time, ILogger<VendorWorker> logger)
    {
        (_definition, _options, _launcher, _boards, _host, _time, _logger) = (definition, options, launcher, boards, host, time, logger);
        (_releases, _bus) = (boards.Releases ?? new VendorReleases(time, []), (boards.Bus ?? new PciChanges()).Of(definition.Pci?.Vendor));
        _pauses = boards.Pauses ?? new VendorPauses();
        (_seenReleases, _seenChange) = (_releases.Current.Value, _bus.Value);
        _module = definition.Pci is { } family ? new KernelModule(host, family.Module) : null;
        _problems = new VendorProblems(definition.Name, boards.Health, time, definition.Beside is not null);
        _states = new VendorStates(
            new VendorSource(
                definition.Name, options.Enabled, $"The library of {definition.Name} ({options.Library}) has not answered yet.", "there is no driver or library",
                $"Install the driver, correct vendors.{definition.Beside ?? definition.Name}.library, or set {definition.Switch.Split('.')[^1]} to auto.", definition.Switch),
            boards, stored, _devices, logger);
        _rounds = new VendorRounds(definition, options, boards, _devices, _abandoned, _problems, host, time, logger);
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        _states.Start();
        if (_definition.Beside is { } main)
            _releases.ServeBeside(main, _definition.Name);
        else
            _releases.Serve(_definition.Name);
        try
        {
            while (true)
            {
                if (Release is { } release)
                    await StayReleasedAsync(release, cancellationToken);
                else
                    await WaitAsync(await ServeUntilFaultAsync(cancellationToken), cancellationToken);
            }
        }
        finally
        {
            _child?.Dispose();
            _child = null;
            if (cancellationToken.IsCancellationRequested)
                _abandoned.CloseAll();
        }
    }

    /// <returns>How long to wait before the next child.</returns>
    private async Task<TimeSpan> ServeUntilFaultAsync(CancellationToken cancellationToken)
    {
        TakeBackAnswered();
        if (_abandoned.AreTooMany)
            return GiveUp();
        TakeBusChange(); // a new child sees what there is now
        try
        {
            _child = await OpenAsync(cancellationToken);
            while (Release is null)
                await ServeAsync(_child, cancellationToken);
            return TimeSpan.Zero;
        }
        catch (VendorException fault)
        {
            return Refused(fault);
        }
        catch (VendorHostException fault)
        {
            return Failed(fault);
        }
        finally
        {
            _boards.Beats?.End($"vendor {_definition.Name}");
        }
    }

    /// <summary>A child that has the library open. One that hangs in it is abandoned.</summary>
    private async Task<VendorChild> OpenAsync(CancellationToken cancellationToken)
    {
        var client = await VendorHostClient.StartAsync(_launcher, _definition.Name, _options.OpenTimeout, _time, cancellationToken);
        var child = new VendorChild(client);
        var isKept = false;
        try
        {
            await child.OpenAsync(_options, _module, cancellationToken);
            isKept = true;
            _definition.Rules.OnOpened(_devices.ToBoards(), _time.GetUtcNow(), _boards.Health);
            return child;
        }
        catch (VendorHostException fault) when (fault.Fault == HostFault.Hung)
        {
            _abandoned.Add(new AbandonedChild(child, null, 0, null));
            isKept = true;
            throw;
        }
        finally
        {
            if (!isKept)
                child.Dispose();
        }
    }

    /// <summary>Describes, then samples on the beat. Returns when the boards must be described again, by the child that <see cref="_child"/> then is.</summary>
    private async Task ServeAsync(VendorChild child, CancellationToken cancellationToken)
    {
        await _rounds.DescribeAsync(child, cancellationToken);
        _states.Ready(child.Info);
        await _rounds.ListenAsync(child, cancellationToken);
        while (true)
        {
            var started = _time.GetTimestamp();
            _boards.Beats?.Beat($"vendor {_definition.Name}", _options.SampleInterval + RoundPatience);
            child.Client.ThrowIfEnded();
            if (child.Events.IsFaulted)
                await child.Events;
            var isDividedAnew = await _rounds.SampleAsync(child, cancellationToken);
            _failures = 0;
            if (await _rounds.HaveBoardsChangedAsync(child, cancellationToken) | TakeBackAnswered() | isDividedAnew)
                return;
            if (await SuccessorAsync(child, cancellationToken) is { } next)
            {
                _child = next;
                child.Dispose();
                return;
            }
            var rest = _options.SampleInterval - _time.GetElapsedTime(started);
            await WaitAsync(rest, cancellationToken, child.Client.Ended, child.Events, _rounds.Repartitioned);
            if (Release is not null || _rounds.Repartitioned.IsCompleted)
                return;
            if (TakeBusChange())
            {
                child.Client.ThrowIfEnded();
                await _rounds.CountBoardsAsync(child, cancellationToken);
                return;
            }
        }
    }

    /// <summary>Whether the bus has changed since it was last looked at, long enough ago.</summary>
    private bool TakeBusChange()
    {
        if (ReferenceEquals(_bus.Value, _seenChange) || (_lookedAtBus is { } looked && _time.GetElapsedTime(looked) < BetweenBusLooks))
            return false;
        (_seenChange, _lookedAtBus) = (_bus.Value, _time.GetTimestamp());
        LogBusChanged(_definition.Name, _seenChange.What);
        return true;
    }

    private async Task WaitForBusChangeAsync(CancellationToken cancellationToken)
    {
        await _bus.WaitForChangeAsync(_seenChange, cancellationToken);
        if (_lookedAtBus is { } looked && BetweenBusLooks - _time.GetElapsedTime(looked) is var early && early > TimeSpan.Zero)
            await Task.Delay(early, _time, cancellationToken);
    }

    /// <summary>Until the time is over, one of the tasks completes, an abandoned child answers, or an operator releases or resumes a vendor;
    /// unless it waits without end also until the bus changes.</summary>
    private async Task WaitAsync(TimeSpan atMost, CancellationToken cancellationToken, params IEnumerable<Task> orUntil)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (atMost <= TimeSpan.Zero && atMost != Timeout.InfiniteTimeSpan)
            return;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var busChange = atMost == Timeout.InfiniteTimeSpan ? Task.Delay(Timeout.InfiniteTimeSpan, stop.Token) : WaitForBusChangeAsync(stop.Token);
        var switched = _releases.Current.WaitForChangeAsync(_seenReleases, stop.Token);
        await Task.WhenAny([Task.Delay(atMost, _time, stop.Token), busChange, switched, .. orUntil, .. _abandoned.Answers]);
        await stop.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Vendor}: the bus changed ({What}); its boards are looked for at once")]
    private partial void LogBusChanged(string vendor, string what);
}
