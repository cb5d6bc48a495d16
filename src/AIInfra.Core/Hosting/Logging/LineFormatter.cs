using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace AIInfra.Core.Hosting.Logging;

/// <summary>A message a line: UTC time, level, the part that speaks, the text. An exception's trace follows, indented. Control characters, which a process or
/// a pod may have in its name, are shown as a question mark: no name writes a line of its own or moves a terminal's cursor.</summary>
internal sealed class LineFormatter() : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "line";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        textWriter.Write(TimeProvider.System.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffZ ", CultureInfo.InvariantCulture));
        textWriter.Write(Word(logEntry.LogLevel));
        textWriter.Write(logEntry.Category.AsSpan(logEntry.Category.LastIndexOf('.') + 1));
        textWriter.Write(": ");
        textWriter.WriteLine(Plain(logEntry.Formatter(logEntry.State, logEntry.Exception).ReplaceLineEndings(" ")));
        if (logEntry.Exception is { } exception)
            foreach (var line in exception.ToString().ReplaceLineEndings("\n").Split('\n'))
                textWriter.WriteLine("  " + Plain(line));
    }

    private static string Plain(string line) => line.Any(char.IsControl) ? string.Concat(line.Select(letter => char.IsControl(letter) && letter != '\t' ? '?' : letter)) : line;

    private static string Word(LogLevel level) => level switch
    {
        LogLevel.Critical or LogLevel.Error => "ERROR ",
        LogLevel.Warning => "WARN  ",
        LogLevel.Information => "INFO  ",
        _ => "DEBUG ",
    };
}
