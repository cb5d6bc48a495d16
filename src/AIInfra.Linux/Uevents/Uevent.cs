using System.Text;

namespace AIInfra.Linux.Uevents;

/// <summary>What the kernel tells of one device: it came, went, changed, or a driver took it or let it go.</summary>
/// <param name="Action"><c>add</c>, <c>remove</c>, <c>change</c>, <c>move</c>, <c>online</c>, <c>offline</c>, <c>bind</c> or <c>unbind</c>.</param>
/// <param name="Path">Below /sys: <c>/devices/pci0000:3a/0000:3a:00.0/0000:3b:00.0</c>.</param>
/// <param name="Values">The rest by name: <c>SUBSYSTEM</c>, <c>PCI_SLOT_NAME</c>, <c>DRIVER</c> and so on.</param>
public sealed record Uevent(string Action, string Path, IReadOnlyDictionary<string, string> Values)
{
    /// <summary>Stands for all that was lost because nobody read for too long.</summary>
    public static Uevent Overrun { get; } = new("overrun", "", new Dictionary<string, string>());

    public string? this[string name] => Values.GetValueOrDefault(name);

    /// <summary>Takes <c>ACTION@DEVPATH</c> and then <c>KEY=VALUE</c>, each ended by the separator. Null when it is no such text.</summary>
    /// <param name="text">At most one message; the kernel's limit is 2 KiB of values.</param>
    /// <param name="separator">NUL on the socket.</param>
    internal static Uevent? Parse(ReadOnlySpan<byte> text, byte separator)
    {
        var head = true;
        string action = "", path = "";
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var range in text.Split(separator))
        {
            var part = Encoding.UTF8.GetString(text[range]);
            var sign = part.IndexOf(head ? '@' : '=', StringComparison.Ordinal);
            if (head && (sign <= 0 || sign == part.Length - 1 || part[sign + 1] != '/'))
                return null;
            if (head)
                (action, path, head) = (part[..sign], part[(sign + 1)..], false);
            else if (sign > 0)
                values[part[..sign]] = part[(sign + 1)..];
        }
        return new Uevent(action, path, values);
    }
}
