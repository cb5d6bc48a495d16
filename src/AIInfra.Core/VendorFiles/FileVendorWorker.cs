using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.VendorFiles;

/// <summary>Serves one vendor without library: lists its boards every round, describes them when the list is another one, and reads them.
/// Inventory, samples and the problems that any vendor can have are those of a vendor with a library.</summary>
public sealed partial class FileVendorWorker : IWorker, IDisposable
{
    private const int FailuresToUnhealthy = 2;
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(60);

    private readonly IFileDriver _driver;
    private readonly IReadingRules _rules;
    private readonly FileVendorOptions _options;
    private readonly VendorBoards _boards;
    private readonly HostPaths _host;
    private readonly TimeProvider _time;
    private readonly ILogger<FileVendorWorker> _logger;
    private readonly VendorDevices _devices = new();
    private readonly VendorProblems _problems;
    private readonly VendorStates _states;
    private readonly FileTurns _turns;
    private readonly Latest<PciChange> _bus;
    private readonly VendorReleases _releases;
    private ImmutableSortedDictionary<string, VendorRelease> _seenReleases;
    private readonly Dictionary<string, int> _misses = new(StringComparer.Ordinal); // device id -> rounds in a row
    private ImmutableArray<FileCard> _cards = [];
    private FileListing? _described;
    private Task? _hungList;
    private int _failures;
    private long? _looked;

    public FileVendorWorker(
        IFileDriver driver, IReadingRules rules, FileVendorOptions options, VendorBoards boards, StoredInventories stored, HostPaths host, TimeProvider time,
        ILogger<FileVendorWorker> logger)
    {
        (_driver, _rules, _options, _boards, _host, _time, _logger) = (driver, rules, options, boards, host, time, logger);
        _problems = new VendorProblems(Vendor, boards.Health, time);
        _states = new VendorStates(
            new VendorSource(Vendor, options.Enabled, $"The files of {Vendor} devices below {host.Sys} have not been read yet.", "there is no device or driver", "Load the driver, or set enabled to auto.", $"vendors.{Vendor}.enabled"),
            boards, stored, _devices, logger);
        _turns = new FileTurns($"vendor {Vendor}", options.CallTimeout, time);
        (_bus, _releases) = ((boards.Bus ?? new PciChanges()).Of(null), boards.Releases ?? new VendorReleases(time, []));
        _seenReleases = _releases.Current.Value;
    }

    /// <summary>The board that is being asked, or was last; null while the list is.</summary>
    internal string? Asked => (_turns.Current as FileCard)?.Name;

    private string Vendor => _driver.Fields.Vendor;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        _releases.Serve(Vendor);
        _states.Start();
        while (true)
        {
            if (Release is { } release)
            {
                await StayReleasedAsync(release, cancellationToken);
                continue;
            }
            var (started, change) = (_time.GetTimestamp(), _bus.Value);
            var isServed = await RoundAsync(cancellationToken);
            await WaitAsync((isServed ? _options.SampleInterval : _failures > 0 ? BackOff : LookAgain) - _time.GetElapsedTime(started), change, cancellationToken);
        }
    }

    /// <summary>One look and one reading of every board.</summary>
    /// <returns>False when there was nothing to read.</returns>
    internal async Task<bool> RoundAsync(CancellationToken cancellationToken)
    {
        var isBack = TakeBackAnswered();
        if (await ListAsync(cancellationToken) is not { } listing)
            return false;
        if (isBack || IsToDescribe(listing))
            await DescribeAsync(listing, cancellationToken);
        if (listing.Names.IsEmpty && _devices.Count == 0)
        {
            _states.Absent($"no device of {Vendor} is in {_host.Sys}");
            return false;
        }
        _states.Ready(new LibraryInfo(listing.DriverVersion, null, listing.Names.Length, _host.IsSimulated));
        await SampleAsync(cancellationToken);
        _failures = 0;
        return true;
    }

    /// <summary>Null: there is no list. What that means is said then.</summary>
    private async Task<FileListing?> ListAsync(CancellationToken cancellationToken)
    {
        if (_hungList is { IsCompleted: false })
            return Failed("listing its devices hangs in the kernel; drain and boot the node");
        _hungList = null;
        var look = new Look(_driver);
        if (await _turns.ForEachAsync([look], static look => look.Run(), cancellationToken) is [var hung])
        {
            _hungList = hung.Call;
            return Failed($"listing its devices in {_host.Sys} did not end within {_options.CallTimeout.TotalSeconds:0.#} s");
        }
        if (look.Fault is not { } fault)
            return look.Found;
        if (fault.Fault != VendorFault.Absent || _devices.Count > 0)
            return Failed(fault.Explanation);
        _failures = 0;
        _states.Absent(fault.Explanation);
        return null;
    }

    private FileListing? Failed(string reason)
    {
        _failures++;
        _described = null;
        _devices.DropSamples();
        Publish();
        _states.Unavailable(reason);
        if (_failures < FailuresToUnhealthy)
            return null;
        foreach (var known in _devices.All)
            known.MayHaveProblem = true;
        _problems.ReportUnanswered(_devices.ToBoards(), reason);
        return null;
    }

    private TimeSpan BackOff => TimeSpan.FromSeconds(Math.Min(60, 1 << Math.Min(_failures - 1, 6)));

    private async Task SampleAsync(CancellationToken cancellationToken)
    {
        var asked = _cards.Where(card => !card.IsHung && !card.Parts.IsEmpty).ToArray();
        Hung(await _turns.ForEachAsync(asked, card => card.Sample(_driver.Fields.Count), cancellationToken));
        foreach (var part in asked.Where(card => !card.IsHung).SelectMany(card => card.Parts))
        {
            if (_devices.Find(part.Id) is not { Presence: Presence.Served } known)
                continue;
            if (part.Now is { } readings)
                Answered(known, readings);
            else
                Missed(known, part.Fault!);
        }
        Publish();
        if (!_cards.Any(card => card.IsHung))
            _problems.ReportNoneHangs();
    }

    private void Answered(KnownDevice known, Reading[] readings)
    {
        var before = known.Before;
        _misses.Remove(known.Device.Id);
        known.Answer(new DeviceSample(known.Device.Id, readings, _time.GetTimestamp()), []);
        _rules.OnSample(known.Device, before, readings, _time.GetUtcNow(), _boards.Health);
        _boards.Health.ReportAnswering(Subject.Device(known.Device.Id));
        if (known.MayHaveProblem)
            _problems.ReportAnswering(known.Device);
        known.MayHaveProblem = false;
    }

    private void Missed(KnownDevice known, VendorException fault)
    {
        LogMissed(Vendor, known.Device.Id, fault.Message);
        known.Miss();
        var misses = _misses[known.Device.Id] = _misses.GetValueOrDefault(known.Device.Id) + 1;
        if (misses < FailuresToUnhealthy || known.IsPartition)
            return;
        known.MayHaveProblem = true;
        _problems.ReportUnanswered([known.Device], fault.Explanation);
    }

    private void Hung(ImmutableArray<(FileCard Card, Task Call)> hung)
    {
        foreach (var (card, call) in hung)
        {
            card.Hang = call;
            var known = card.Board is { } board ? _devices.Find(board.Device.Id) : null;
            var what = $"reading the files of {card.Name} did not end within {_options.CallTimeout.TotalSeconds:0.#} s";
            LogHung(Vendor, what);
            _problems.ReportHungFile(known?.Device, what);
            if (known is null)
                continue;
            known.Hang();
            _devices.Drop(known);
        }
    }

    /// <returns>True when a call that hung has returned: its board is described again.</returns>
    private bool TakeBackAnswered()
    {
        var back = _cards.Where(card => card.Hang is { IsCompleted: true }).ToArray();
        foreach (var card in back)
        {
            LogReturned(Vendor, card.Name);
            card.Hang = null;
            if (card.Board is { } board)
                _devices.Find(board.Device.Id)?.Return();
        }
        return back.Length > 0;
    }

    private void Publish() => _boards.Samples.Publish(_devices.ToSample(_driver.Fields));

    private async Task WaitAsync(TimeSpan atMost, PciChange seen, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var calls = _cards.Select(card => card.Hang).Append(_hungList).OfType<Task>();
        await Task.WhenAny([Task.Delay(atMost > TimeSpan.Zero ? atMost : TimeSpan.Zero, _time, ended.Token), _bus.WaitForChangeAsync(seen, ended.Token), _releases.Current.WaitForChangeAsync(_seenReleases, ended.Token), .. calls]);
        await ended.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    public void Dispose()
    {
        _turns.Dispose();
        foreach (var card in _cards.Where(card => !card.IsHung))
            card.Close();
    }

    private sealed class Look(IFileDriver driver)
    {
        public FileListing? Found { get; private set; }
        public VendorException? Fault { get; private set; }

        public void Run()
        {
            try
            {
                Found = driver.List();
            }
            catch (VendorException fault)
            {
                Fault = fault;
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Vendor}: no answer from {Device} this round: {Reason}")]
    private partial void LogMissed(string vendor, string device, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Vendor}: {What}; it is not asked until that call returns or the node boots, the others are")]
    private partial void LogHung(string vendor, string what);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Vendor}: a call about {Name} that hung has returned; it is asked again")]
    private partial void LogReturned(string vendor, string name);
}
