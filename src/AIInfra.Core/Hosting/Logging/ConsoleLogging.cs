using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace AIInfra.Core.Hosting.Logging;

public static class ConsoleLogging
{
    /// <param name="identifier">What the program is called in the journal.</param>
    public static void AddLines(this ILoggingBuilder logging, LogOptions options, string identifier)
    {
        logging.SetMinimumLevel(options.Level);
        if (options.Level > LogLevel.Debug)
            logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("System", LogLevel.Warning);
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);

        var isCollected = IsCollected(Environment.GetEnvironmentVariable("JOURNAL_STREAM"), new FileInfo("/proc/self/fd/2").LinkTarget);
        switch (options.Form)
        {
            case LogForm.Json:
                logging.AddConsole(console => console.FormatterName = JsonLineFormatter.FormatterName).Services.AddSingleton<ConsoleFormatter, JsonLineFormatter>();
                break;
            case LogForm.Journal or LogForm.Auto when (isCollected || options.Form == LogForm.Journal) && JournalSocket.Open(identifier) is { } journal:
                logging.AddProvider(new JournalLoggerProvider(journal));
                break;
            case LogForm.Journal or LogForm.Auto when isCollected:
                logging.AddSystemdConsole(); // lines with systemd's priorities, see sd-daemon(3)
                break;
            default:
                logging.AddConsole(console => console.FormatterName = LineFormatter.FormatterName).Services.AddSingleton<ConsoleFormatter, LineFormatter>();
                break;
        }
    }

    /// <summary>Whether standard error goes to the journal. The variable is inherited, also by one whose standard error was led elsewhere.</summary>
    /// <param name="stream"><c>DEVICE:INODE</c>, see systemd.exec(5).</param>
    /// <param name="standardError">What the descriptor is: <c>socket:[INODE]</c>.</param>
    internal static bool IsCollected(string? stream, string? standardError) =>
        stream?.Split(':') is [_, { Length: > 0 } inode] && standardError == $"socket:[{inode}]";
}
