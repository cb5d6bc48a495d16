using System.Globalization;
using AIInfra.Core.Health.Npd.Configuration;
using AIInfra.Core.Hosting;

namespace AIInfra.Core.Health.Npd.Stats;

/// <summary>Reads the disks' figures. Remembers the round before, for the length of the queue.</summary>
internal sealed class DiskReader(HostPaths host, ProcReader proc, TimeProvider time)
{
    private const double BytesPerSector = 512; // in /proc/diskstats, whatever the device has

    private readonly Dictionary<string, double> _weighted = new(StringComparer.Ordinal);
    private long? _before;

    private sealed record Partition(string Device, string Folder, string Type, string Options);

    public void Read(StatsSample sample, NpdStatsMonitor monitor)
    {
        var partitions = Partitions();
        HashSet<string>? wanted = monitor.WithRootDisk || monitor.WithAllDisks ? new(StringComparer.Ordinal) : null; // null: all there are
        if (monitor.WithRootDisk)
            wanted!.UnionWith(Names(Path.Combine(host.Sys, "block")));
        if (monitor.WithAllDisks)
            wanted!.UnionWith(partitions.Select(partition => Path.GetFileName(partition.Device)));
        ReadCounters(sample, wanted);
        if (monitor.Names.ContainsKey("disk/bytes_used"))
            ReadUse(sample, partitions);
    }

    private void ReadCounters(StatsSample sample, HashSet<string>? wanted)
    {
        var now = time.GetTimestamp();
        foreach (var fields in proc.Lines("diskstats").Select(ProcReader.Fields).Where(fields => fields.Length >= 14 && wanted?.Contains(fields[2]) is not false))
        {
            var name = fields[2];
            Direction(3, "read");
            Direction(7, "write");
            sample.AddText("disk/io_time", fields[12], 1, name);
            sample.AddText("disk/weighted_io", fields[13], 1, name);
            if (!double.TryParse(fields[13], NumberStyles.None, CultureInfo.InvariantCulture, out var weighted))
                continue;
            if (_before is { } before && _weighted.TryGetValue(name, out var last) && time.GetElapsedTime(before, now).TotalMilliseconds is > 0 and var elapsed)
                sample.Add("disk/avg_queue_len", Math.Max(0, weighted - last) / elapsed, name);
            _weighted[name] = weighted;

            void Direction(int at, string direction)
            {
                sample.AddText("disk/operation_count", fields[at], 1, name, direction);
                sample.AddText("disk/merged_operation_count", fields[at + 1], 1, name, direction);
                sample.AddText("disk/operation_bytes_count", fields[at + 2], BytesPerSector, name, direction);
                sample.AddText("disk/operation_time", fields[at + 3], 1, name, direction);
            }
        }
        _before = now;
    }

    private void ReadUse(StatsSample sample, List<Partition> partitions)
    {
        foreach (var partition in partitions.DistinctBy(partition => partition.Device))
        {
            var name = partition.Device.StartsWith("/dev/", StringComparison.Ordinal) ? partition.Device[5..] : partition.Device;
            try
            {
                var drive = new DriveInfo(Path.Join(host.Root, partition.Folder));
                double free = drive.AvailableFreeSpace, used = drive.TotalSize - drive.TotalFreeSpace;
                sample.Add("disk/bytes_used", free, name, partition.Type, partition.Options, "free");
                sample.Add("disk/bytes_used", used, name, partition.Type, partition.Options, "used");
                sample.Add("disk/percent_used", used + free > 0 ? used / (used + free) * 100 : 0, name);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException)
            {
                // Unmounted since, or not to be looked at: no value.
            }
        }
    }

    /// <summary>What is mounted of file systems that lie on a device.</summary>
    private List<Partition> Partitions()
    {
        var types = proc.Lines("filesystems").Where(line => line.StartsWith('\t')).Select(line => line.Trim()).Append("zfs").ToHashSet(StringComparer.Ordinal);
        var partitions = new List<Partition>();
        foreach (var line in proc.Lines("1/mountinfo", "self/mountinfo"))
        {
            if (line.Split(" - ", 2) is not [var left, var right] || ProcReader.Fields(left) is not [_, _, _, var root, var folder, var options, ..]
                || ProcReader.Fields(right) is not [var type, var device, ..] || !types.Contains(type))
                continue;
            partitions.Add(new Partition(Unescape(device), Unescape(folder), type, root == "/" || options.Contains("bind", StringComparison.Ordinal) ? options : $"{options},bind"));
        }
        return partitions;
    }

    /// <summary>Blanks are written as <c>\040</c>, see proc(5).</summary>
    private static string Unescape(string text) =>
        text.Replace(@"\040", " ", StringComparison.Ordinal).Replace(@"\011", "\t", StringComparison.Ordinal).Replace(@"\012", "\n", StringComparison.Ordinal).Replace(@"\134", @"\", StringComparison.Ordinal);

    private static IEnumerable<string> Names(string folder)
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(folder).Select(path => Path.GetFileName(path))];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
