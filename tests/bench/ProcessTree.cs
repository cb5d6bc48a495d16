using System.Globalization;

namespace AIInfra.Bench;

/// <summary>Memory and processor time of a process and its children, from /proc (smaps_rollup, stat; see proc(5)).</summary>
internal static class ProcessTree
{
    private const double TicksPerSecond = 100; // USER_HZ of every Linux that .NET runs on

    /// <summary>The process and its direct children.</summary>
    public static IReadOnlyList<int> Of(int root)
    {
        var members = new List<int> { root };
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), out var pid) && Stat(pid) is { } stat && int.Parse(stat[1], CultureInfo.InvariantCulture) == root)
                members.Add(pid);
        }
        return members;
    }

    /// <summary>Megabytes (10^6 bytes) summed over the processes.</summary>
    /// <param name="line">As in smaps_rollup: <c>Pss</c>, <c>Private_Dirty</c>, <c>Private_Clean</c>, <c>Rss</c>.</param>
    public static double Megabytes(IEnumerable<int> processes, string line) => processes.Sum(pid =>
        File.ReadLines($"/proc/{pid}/smaps_rollup")
            .Where(text => text.StartsWith($"{line}:", StringComparison.Ordinal))
            .Sum(text => long.Parse(text.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture))) * 1024 / 1e6;

    /// <summary>Seconds of user and system time so far, summed over the processes.</summary>
    public static double ProcessorSeconds(IEnumerable<int> processes) => processes.Sum(pid => Stat(pid) is { } stat
        ? (long.Parse(stat[11], CultureInfo.InvariantCulture) + long.Parse(stat[12], CultureInfo.InvariantCulture)) / TicksPerSecond
        : 0);

    /// <summary>The fields after the command's name: 0 is the state, 1 the parent, 11 and 12 the times.</summary>
    private static string[]? Stat(int pid)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{pid}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
    }
}
