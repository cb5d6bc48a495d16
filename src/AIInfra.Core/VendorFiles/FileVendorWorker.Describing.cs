using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.VendorHost;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.VendorFiles;

/// <summary>Which boards there are: they are described when the list is another one, and once a minute while one of them does not describe itself.</summary>
public sealed partial class FileVendorWorker
{
    private bool IsToDescribe(FileListing listing)
    {
        if (_described is null || !_described.IsSameAs(listing))
            return true;
        if (_looked is { } looked && _time.GetElapsedTime(looked) < LookAgain)
            return false;
        _looked = _time.GetTimestamp();
        var forgotten = _devices.All.Where(known => known.Presence == Presence.Gone && !_problems.StandsGone(known.Device)).ToArray();
        Array.ForEach(forgotten, _devices.Forget);
        return forgotten.Length > 0 || _cards.Any(card => card.Fault is not null || card.Parts.IsEmpty);
    }

    private async Task DescribeAsync(FileListing listing, CancellationToken cancellationToken)
    {
        _looked = _time.GetTimestamp();
        TakeCards(listing.Names);
        _devices.Expect();
        var asked = _cards.Where(card => !card.IsHung).ToArray();
        Hung(await _turns.ForEachAsync(asked, card => card.Describe(_driver), cancellationToken));
        var answered = asked.Where(card => card is { IsHung: false, Fault: null, Board: not null }).ToArray();
        var related = _driver.Relate([.. answered.SelectMany(card => card.Board!.Partitions.Prepend(card.Board.Device))]);
        var next = 0;
        foreach (var card in answered)
        {
            Found(card, related[next], [.. related.Skip(next + 1).Take(card.Board!.Partitions.Length)]);
            next += 1 + card.Board.Partitions.Length;
        }
        End([.. asked.Where(card => card.Fault is not null)]);
        _described = listing;
    }

    private void TakeCards(ImmutableArray<string> names)
    {
        var before = _cards.ToDictionary(card => card.Name, StringComparer.Ordinal);
        _cards = [.. names.Select((name, index) =>
        {
            var card = before.Remove(name, out var known) ? known : new FileCard(name);
            card.Index = index;
            return card;
        })];
        foreach (var gone in before.Values.Where(card => !card.IsHung))
            gone.Close();
        _cards = _cards.AddRange(before.Values.Where(card => card.IsHung)); // its thread is still in it
    }

    private void Found(FileCard card, Device device, ImmutableArray<Device> partitions)
    {
        device = device with
        {
            Index = card.Index,
            Vendor = Vendor,
            ParentId = null,
            NumaNode = device.NumaNode ?? (device.PciAddress is { } address ? _host.ReadNumaNode(address) : null),
        };
        if (!_devices.Describe(device))
        {
            LogTwice(Vendor, card.Name, device.Id);
            card.Close();
            return;
        }
        partitions = [.. partitions.Select(partition => partition with
        {
            Index = card.Index,
            Vendor = Vendor,
            ParentId = device.Id,
            PciAddress = device.PciAddress,
            NumaNode = device.NumaNode,
        })];
        foreach (var vanished in _devices.DescribePartitions(_devices.Find(device.Id)!, partitions))
            _problems.ReportVanished(vanished.Device);
    }

    private void End(FileCard[] refused)
    {
        foreach (var card in refused)
            LogNotDescribed(Vendor, card.Name, card.Fault!.Message);
        var known = refused.Select(card => card.Board is { } board ? _devices.Find(board.Device.Id) : null).OfType<KnownDevice>().ToArray();
        var (gone, replaced, _) = _devices.EndDescribing([.. known.Select(device => device.Device.Index)]);
        foreach (var device in replaced)
            _problems.ReportReplaced(device.Device);
        foreach (var device in gone)
        {
            device.MayHaveProblem = true;
            _problems.ReportGone(device.Device);
        }
        foreach (var device in known)
            Missed(device, refused.First(card => card.Board?.Device.Id == device.Device.Id).Fault!);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Vendor}: {Name} does not describe itself: {Reason}; asked again in 60 s")]
    private partial void LogNotDescribed(string vendor, string name, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Vendor}: {Name} has the id {Device} of another board and is left out")]
    private partial void LogTwice(string vendor, string name, string device);
}
