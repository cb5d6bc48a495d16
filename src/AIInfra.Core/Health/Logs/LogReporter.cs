using System.Collections.Frozen;
using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.State;
using AIInfra.Core.VendorHost;

namespace AIInfra.Core.Health.Logs;

/// <summary>Tells the health board what a log says: finds the device that a PCI address stands for, and keeps the place up to which all was told.</summary>
/// <remarks>Right after the start the devices may not be known yet: what is on one of them waits for the inventory for a while, so that it is
/// not laid on the node.</remarks>
internal sealed class LogReporter(HealthBoard board, InventoryBoard inventory, ReadingPositions.Place place, TimeProvider time, string witness)
{
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private const int MostWaiting = 256;
    private static readonly Clearing Unplaced = Clearing.AfterQuiet(TimeSpan.FromHours(24)), Announced = Clearing.AfterQuiet(TimeSpan.FromHours(1));

    private readonly Lock _gate = new();
    private readonly Queue<(LogFinding Finding, DateTimeOffset At)> _waiting = new();
    private readonly long _started = time.GetTimestamp();
    private NodeInventory? _known;
    private FrozenDictionary<string, string> _ids = FrozenDictionary<string, string>.Empty;
    private long _last = -1;

    /// <param name="at">When the line was written.</param>
    public void Report(LogFinding finding, DateTimeOffset at)
    {
        lock (_gate)
        {
            RetryWaiting_NeedsLock();
            if (_waiting.Count < MostWaiting && finding is { PciAddress: not null, IsPart: false } && !IsSettled && IdOf_NeedsLock(finding) is null)
                _waiting.Enqueue((finding, at));
            else
                Tell_NeedsLock(finding, at);
        }
    }

    /// <summary>All that the record says was reported.</summary>
    public void Done(long sequence)
    {
        lock (_gate)
        {
            _last = sequence;
            place.Reached(_waiting.TryPeek(out var oldest) ? oldest.Finding.Number - 1 : sequence);
        }
    }

    /// <summary>Looks again for the devices of what waits; when its time is over it is laid on the node.</summary>
    public void RetryWaiting()
    {
        lock (_gate)
        {
            RetryWaiting_NeedsLock();
            if (_last >= 0 && _waiting.Count == 0)
                place.Reached(_last);
        }
    }

    private bool IsSettled => time.GetElapsedTime(_started) >= Patience;

    private void RetryWaiting_NeedsLock()
    {
        while (_waiting.TryPeek(out var oldest) && (IsSettled || IdOf_NeedsLock(oldest.Finding) is not null))
        {
            _waiting.Dequeue();
            Tell_NeedsLock(oldest.Finding, oldest.At);
        }
    }

    private void Tell_NeedsLock(LogFinding finding, DateTimeOffset at)
    {
        var id = finding.IsPart ? finding.PciAddress : IdOf_NeedsLock(finding);
        if (id is null)
        {
            Tell(finding, finding.Otherwise ?? Subject.Node, at, finding is { PciAddress: not null, Otherwise: null });
            return;
        }
        var parts = PartsOf(id, finding.Partition);
        foreach (var part in parts)
            Tell(finding, Subject.Device(part), at, isUnplaced: false);
        if (parts.IsEmpty)
            Tell(finding, Subject.Device(id), at, isUnplaced: false);
    }

    /// <param name="isUnplaced">Nobody knows which board it is about: worth an alert, no reason to empty the whole node.</param>
    private void Tell(LogFinding finding, Subject subject, DateTimeOffset at, bool isUnplaced)
    {
        var verdict = finding.Verdict;
        if (finding.IsClear)
        {
            if (!isUnplaced) // what stands on the node may be about another address
                board.ReportOver(verdict.ProblemId, subject, finding.Evidence);
            return;
        }
        if (verdict.Severity > Severity.Info && IsReleased(subject))
        {
            verdict = verdict with
            {
                Severity = Severity.Info,
                Action = SuggestedAction.Observe,
                Clearing = Announced,
                Message = $"{verdict.Message} (Written while the device was released for work on its driver, which brings such lines.)",
            };
        }
        board.Report(new ProblemReport
        {
            Id = verdict.ProblemId,
            Subject = subject,
            Severity = isUnplaced && verdict.Severity == Severity.Fatal ? Severity.Degraded : verdict.Severity,
            Cause = verdict.Cause,
            Action = verdict.Action,
            Clearing = isUnplaced ? Unplaced : verdict.Clearing,
            Message = isUnplaced ? $"{verdict.Message} (At {finding.PciAddress}, where no device is known.)" : verdict.Message,
            Evidence = finding.Evidence,
            At = at,
            Rank = verdict.Rank,
            Witness = finding.Form is { } form ? $"{witness}, {form}" : witness,
            IsPrecise = verdict.IsPrecise,
        });
    }

    /// <summary>An operator, or a planned action, has taken the device from the agent: its driver is unloaded, or it is reset. It gets no work meanwhile,
    /// and is looked at anew when it is taken back.</summary>
    private bool IsReleased(Subject subject) =>
        subject.Kind == SubjectKind.Device && board.Current.Value.Problems.Any(problem => problem.Id == VendorReleases.ProblemId && problem.Subject == subject);

    /// <summary>The partitions that are meant: one, or all those of an instance. Empty when the whole device is, or none is known there.</summary>
    private ImmutableArray<string> PartsOf(string id, (int Instance, int? SubInstance)? place) => place is not { } meant ? [] :
        [.. inventory.Current.Value.Devices
            .Where(device => device.ParentId == id && device.Partition is { } part && part.Instance == meant.Instance
                && (meant.SubInstance is not { } sub || part.SubInstance == sub))
            .Select(device => device.Id)];

    private string? IdOf_NeedsLock(LogFinding finding)
    {
        var now = inventory.Current.Value;
        if (!ReferenceEquals(now, _known))
        {
            _known = now;
            _ids = now.Devices.Where(device => device is { PciAddress: not null, ParentId: null })
                .GroupBy(device => device.PciAddress!, StringComparer.Ordinal)
                .ToFrozenDictionary(group => group.Key, group => group.First().Id, StringComparer.Ordinal);
        }
        return finding.PciAddress is { } address && _ids.TryGetValue(address, out var id) ? id
            : finding.DeviceId is { } named && now.Find(named) is not null ? named
            : null;
    }
}
