using System.Collections.Immutable;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sampling;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.VendorHost;

/// <summary>Asks a child about its boards and publishes the answers. A child that hangs or ends comes out as <see cref="VendorHostException"/>.</summary>
internal sealed partial class VendorRounds(
    VendorDefinition definition, VendorOptions options, VendorBoards boards, VendorDevices devices, AbandonedChildren abandoned,
    VendorProblems problems, HostPaths host, TimeProvider time, ILogger logger)
{
    private const int MostBoards = 256;
    private const int RefusalsToUnhealthy = 2;
    private static readonly TimeSpan CountInterval = TimeSpan.FromSeconds(60);

    private readonly PciCensus? _census = definition.Pci is { } family ? new PciCensus(host, family) : null;
    private TaskCompletionSource _repartitioned = NewSignal();
    private long _counted;
    private Reading[]? _spare; // of an answer that said nothing new

    /// <summary>Completes when an event says that a board was divided anew since the boards were last described.</summary>
    internal Task Repartitioned => Volatile.Read(ref _repartitioned).Task;

    /// <summary>In the last round every board that was asked, and there was one, answered that it is lost; of a library that lists its boards once, any did.</summary>
    internal bool AreLost { get; private set; }

    /// <summary>Asks every board that does not hang who it is. One that refuses leaves the others.</summary>
    internal async Task DescribeAsync(VendorChild child, CancellationToken cancellationToken)
    {
        if (Repartitioned.IsCompleted)
            Volatile.Write(ref _repartitioned, NewSignal()); // first: what comes while we ask is asked again
        devices.Expect();
        child.Refused.Clear();
        _counted = time.GetTimestamp();
        VendorException? last = null;
        var lost = 0;
        for (var index = 0; index < Math.Min(child.Count, MostBoards); index++)
        {
            if (abandoned.Skips(index, child.Count))
                continue;
            try
            {
                Found(index, await child.Client.DescribeAsync(index, options.CallTimeout, cancellationToken));
            }
            catch (VendorException fault)
            {
                child.Refused.Add(index);
                lost += fault.Fault == VendorFault.DeviceLost ? 1 : 0;
                var known = devices.ExpectedAt(index);
                LogNotDescribed(definition.Name, index, known?.Device.Id, (last = fault).Message);
                Missed(known, fault);
            }
        }
        AreLost = lost > 0 && (definition.ListsOnce || (lost == child.Refused.Count && !devices.ServedBoards.Any()));
        var (gone, replaced, refused) = devices.EndDescribing(child.Refused);
        foreach (var known in replaced)
            problems.ReportReplaced(known.Device);
        foreach (var known in gone)
        {
            known.MayHaveProblem = true;
            problems.ReportGone(known.Device);
        }
        foreach (var known in refused.Where(known => ++known.Refusals >= RefusalsToUnhealthy))
        {
            known.MayHaveProblem = true;
            problems.ReportUnanswered([known.Device], last!.Message);
        }
    }

    /// <summary>Hears the child's events from here on. After the devices are published: an event finds its device there.</summary>
    internal Task ListenAsync(VendorChild child, CancellationToken cancellationToken) =>
        child.ListenAsync(options.CallTimeout, Happened, cancellationToken);

    /// <summary>One round: reads every described board with its partitions, one after the other, and publishes what is known then.</summary>
    /// <returns>True when a board was divided anew: all are to be described again.</returns>
    internal async Task<bool> SampleAsync(VendorChild child, CancellationToken cancellationToken)
    {
        var isDividedAnew = false;
        var (served, lost) = (devices.ServedBoards.ToArray(), 0);
        foreach (var known in served)
        {
            var readings = _spare ?? new Reading[definition.Fields.Count];
            _spare = null; // a call that hangs may write to it long after
            try
            {
                var sampled = await child.Client.SampleAsync(known.Device.Index, readings, options.CallTimeout, cancellationToken);
                if (known.Before is { } before && before.AsSpan().SequenceEqual(readings))
                    (_spare, readings) = (readings, before);
                Answered(known, readings, sampled.Processes);
                PartitionsAnswered(known, sampled.Partitions);
                isDividedAnew |= sampled.ArePartitionsOthers;
            }
            catch (VendorException fault)
            {
                _spare = readings;
                lost += fault.Fault == VendorFault.DeviceLost ? 1 : 0;
                Missed(known, fault);
            }
        }
        AreLost = (definition.ListsOnce && lost > 0) || (served.Length > 0 ? lost == served.Length : AreLost);
        Publish();
        if (abandoned.IsEmpty)
            problems.ReportNoneHangs();
        return isDividedAnew;
    }

    /// <summary>Once a minute: whether the boards must be described again.</summary>
    internal async Task<bool> HaveBoardsChangedAsync(VendorChild child, CancellationToken cancellationToken)
    {
        if (time.GetElapsedTime(_counted) < CountInterval)
            return false;
        _counted = time.GetTimestamp();
        TakeCensus();
        var forgotten = devices.All.Where(known => known.Presence == Presence.Gone && !problems.StandsGone(known.Device)).ToArray();
        Array.ForEach(forgotten, devices.Forget);
        foreach (var known in devices.All)
            known.IsLossTold = false; // a loss that lasts is told again: someone may have cleared it
        var count = await CountAsync(child, cancellationToken);
        var isChanged = count != child.Count;
        child.Count = count;
        return isChanged || child.Refused.Count > 0 || forgotten.Length > 0;
    }

    /// <summary>How many boards there are now; all are to be described again.</summary>
    internal async Task CountBoardsAsync(VendorChild child, CancellationToken cancellationToken) => child.Count = await CountAsync(child, cancellationToken);

    internal void Publish() => boards.Samples.Publish(devices.ToSample(definition.Fields));

    /// <summary>All readings are unknown from now on.</summary>
    internal void DropAll()
    {
        devices.DropSamples();
        Publish();
    }

    private void Found(int index, DescribedBoard described)
    {
        var device = described.Device with
        {
            Index = index,
            Vendor = definition.Name,
            ParentId = null,
            NumaNode = described.Device.NumaNode ?? (described.Device.PciAddress is { } address ? host.ReadNumaNode(address) : null),
        };
        if (!devices.Describe(device))
        {
            LogTwice(definition.Name, index, device.Id);
            return;
        }
        var partitions = described.Partitions?.Select(partition => partition with
        {
            Index = index,
            Vendor = definition.Name,
            ParentId = device.Id,
            PciAddress = device.PciAddress,
            NumaNode = device.NumaNode,
        });
        foreach (var vanished in devices.DescribePartitions(devices.Find(device.Id)!, partitions?.ToImmutableArray()))
            problems.ReportVanished(vanished.Device);
    }

    private void PartitionsAnswered(KnownDevice board, ImmutableArray<SampledPartition> partitions)
    {
        foreach (var (id, readings, processes) in partitions)
        {
            if (devices.FindPartition(board, id) is not { Presence: Presence.Served } known)
                continue; // newer than the last description
            if (readings is null)
                known.Miss();
            else
                Answered(known, readings, processes);
        }
    }

    /// <summary>Boards that the bus has and the driver does not list. Said when it is so for two looks, a minute apart.</summary>
    private void TakeCensus()
    {
        if (_census is null)
            return;
        var (missing, found) = _census.Look(devices.All.Select(known => known.Device.PciAddress).OfType<string>().ToHashSet(StringComparer.Ordinal), problems.StandingMissing());
        foreach (var address in missing)
            problems.ReportMissing(address);
        foreach (var address in found)
            problems.ReportFound(address);
    }

    private void Answered(KnownDevice known, Reading[] readings, ImmutableArray<DeviceProcess> processes)
    {
        var before = known.Before;
        known.Answer(new DeviceSample(known.Device.Id, readings, time.GetTimestamp()), processes);
        definition.Rules.OnSample(known.Device, before, readings, time.GetUtcNow(), boards.Health);
        boards.Health.ReportAnswering(Subject.Device(known.Device.Id));
        if (known.MayHaveProblem)
            problems.ReportAnswering(known.Device);
        known.MayHaveProblem = false;
    }

    private void Missed(KnownDevice? known, VendorException fault)
    {
        if (known is null)
            return;
        if (fault.Fault != VendorFault.DeviceLost)
        {
            LogMissed(definition.Name, known.Device.Id, fault.Message);
            known.Miss();
            foreach (var partition in devices.PartitionsOf(known))
                partition.Miss();
            return;
        }
        devices.Drop(known);
        if (known.IsLossTold)
            return;
        LogLost(definition.Name, known.Device.Id, fault.Message);
        known.IsLossTold = true;
        definition.Rules.OnLost(known.Device, fault, time.GetUtcNow(), boards.Health);
        problems.EndRelease(known.Device, "it is lost");
    }

    /// <summary>On the flow of the child's events, beside a round: reads only what is published.</summary>
    private void Happened(VendorEvent happened)
    {
        if (happened.Kind == VendorEvent.Repartitioned)
        {
            Volatile.Read(ref _repartitioned).TrySetResult();
            return;
        }
        var device = happened.DeviceId is { } id ? boards.Inventory.Current.Value.Find(id) : null;
        definition.Rules.OnEvent(device, happened, time.GetUtcNow(), boards.Health);
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task<int> CountAsync(VendorChild child, CancellationToken cancellationToken)
    {
        try
        {
            return await child.Client.CountAsync(options.CallTimeout, cancellationToken) ?? child.Count;
        }
        catch (VendorException fault)
        {
            LogMissed(definition.Name, "(count)", fault.Message);
            return child.Count;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Vendor}: board {Index} (device {Device}) does not describe itself: {Reason}; asked again in 60 s")]
    private partial void LogNotDescribed(string vendor, int index, string? device, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Vendor}: board {Index} has the id {Device} of another board and is left out")]
    private partial void LogTwice(string vendor, int index, string device);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Vendor}: {Device} is lost: {Reason}")]
    private partial void LogLost(string vendor, string device, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Vendor}: no answer from {Device} this round: {Reason}")]
    private partial void LogMissed(string vendor, string device, string reason);
}
