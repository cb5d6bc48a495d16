using System.Buffers.Text;
using System.IO.Enumeration;
using System.Text;
using AIInfra.Core.Hosting;
using AIInfra.Linux.Files;

namespace AIInfra.Core.Health.Probes.Host;

/// <summary>A process as /proc/PID/stat shows it.</summary>
/// <param name="Name">Chosen by the program: outside input.</param>
/// <param name="State">D: waits in the kernel and cannot be interrupted; Z: has ended and was not fetched.</param>
/// <param name="Start">Clock ticks after boot: with the id it names a process for good.</param>
/// <param name="WaitsIn">The function of the kernel in which it waits; empty when that is not told.</param>
internal sealed record ProcessState(int Id, string Name, char State, int Parent, long Start, string WaitsIn);

/// <summary>Looks through /proc for processes in a state. Allocates nothing for the others.</summary>
internal sealed class BlockedTasks(HostPaths host)
{
    private const int NameLength = 32;

    private readonly FileBytes _files = new();

    /// <summary>Those that wait in the kernel and cannot be interrupted.</summary>
    public IEnumerable<ProcessState> Find() => Find("D");

    /// <param name="states">Letters, as in <c>DZ</c>.</param>
    public List<ProcessState> Find(string states)
    {
        var found = new List<ProcessState>();
        try
        {
            foreach (var id in new FileSystemEnumerable<int>(host.Proc, (ref FileSystemEntry entry) => int.Parse(entry.FileName))
            {
                ShouldIncludePredicate = (ref FileSystemEntry entry) => entry.FileName is [>= '1' and <= '9', ..] && int.TryParse(entry.FileName, out _),
            })
            {
                if (Read(id, states) is { } process)
                    found.Add(process);
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // No procfs: none is known.
        }
        return found;
    }

    /// <summary>The name stands in brackets and may hold anything, brackets too: what follows begins after the last one.</summary>
    private ProcessState? Read(int id, string states)
    {
        var text = _files.Read(Path.Combine(host.Proc, $"{id}", "stat"));
        var (start, end) = (text.IndexOf((byte)'('), text.LastIndexOf((byte)')'));
        if (start < 0 || end <= start || text.Length < end + 4 || !states.Contains((char)text[end + 2]))
            return null;
        var name = Encoding.UTF8.GetString(text[(start + 1)..Math.Min(end, start + 1 + NameLength)]);
        var state = (char)text[end + 2];
        var rest = text[(end + 4)..];
        _ = Utf8Parser.TryParse(rest, out int parent, out _);
        for (var field = 4; field < 22; field++) // starttime is field 22
        {
            var blank = rest.IndexOf((byte)' ');
            if (blank < 0)
                return null;
            rest = rest[(blank + 1)..];
        }
        _ = Utf8Parser.TryParse(rest, out long began, out _);
        var place = state == 'D' ? _files.Text(Path.Combine(host.Proc, $"{id}", "wchan")) : "";
        return new ProcessState(id, name, state, parent, began, place == "0" ? "" : place);
    }
}
