using System.Globalization;
using System.Text;
using Spectre.Console;

namespace AIInfra.Agent.Commands;

/// <summary>Text for a terminal or a pipe. Names and lines from outside are shown, never obeyed.</summary>
internal static class Terminal
{
    /// <summary>A console on standard output: colours and frames on a terminal, plain columns in a pipe.</summary>
    public static IAnsiConsole Open()
    {
        if (!Console.IsOutputRedirected)
            return AnsiConsole.Console;
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(Console.Out) });
        console.Profile.Width = 4096; // a pipe has no width: nothing is wrapped or cut
        return console;
    }

    public static Table Columns(params string[] names)
    {
        var table = new Table { Border = TableBorder.None, ShowHeaders = true, UseSafeBorder = false };
        foreach (var name in names)
            table.AddColumn(new TableColumn(new Text(name, new Style(decoration: Decoration.Bold))) { NoWrap = true, Padding = new Padding(0, 0, 2, 0) });
        return table;
    }

    /// <summary>Writes a text beside what it belongs to, broken between words where the terminal ends; the further lines stand below its beginning.</summary>
    public static void WriteParagraph(IAnsiConsole console, string before, string text)
    {
        var room = Math.Max(20, console.Profile.Width - before.Length - 1);
        var (line, indent) = (new StringBuilder(before), new string(' ', before.Length));
        var used = 0;
        foreach (var word in text.Split(' '))
        {
            var rest = word;
            if (used > 0 && used + 1 + rest.Length > room)
            {
                Flush();
            }
            else if (used > 0)
            {
                line.Append(' ');
                used++;
            }
            for (; rest.Length > room; rest = rest[room..]) // longer than a line
            {
                line.Append(rest.AsSpan(0, room));
                Flush();
            }
            line.Append(rest);
            used += rest.Length;
        }
        console.WriteLine(line.ToString());

        void Flush()
        {
            console.WriteLine(line.ToString());
            line.Clear().Append(indent);
            used = 0;
        }
    }

    /// <summary>Outside text with control characters written as <c>\x1b</c>, so that a device's name cannot move the cursor.</summary>
    public static string Show(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return "-";
        var shown = new StringBuilder(text.Length);
        foreach (var letter in text)
        {
            if (char.IsControl(letter) || letter is '\u2028' or '\u2029' or (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069'))
                shown.Append(CultureInfo.InvariantCulture, $"\\x{(int)letter:x2}");
            else
                shown.Append(letter);
        }
        return shown.ToString();
    }

    public static string Bytes(long? bytes) => bytes is { } known ? $"{known / 1024.0 / 1024 / 1024:0.0} GiB" : "-";

    /// <summary>How long ago, in the largest unit that fits: <c>3 min ago</c>.</summary>
    public static string Ago(DateTimeOffset then, DateTimeOffset now)
    {
        var age = now - then;
        return age < TimeSpan.FromSeconds(90) ? $"{Math.Max(0, age.TotalSeconds):0} s ago"
            : age < TimeSpan.FromMinutes(90) ? $"{age.TotalMinutes:0} min ago"
            : age < TimeSpan.FromHours(48) ? $"{age.TotalHours:0} h ago"
            : $"{age.TotalDays:0} days ago";
    }
}
