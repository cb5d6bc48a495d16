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

        var isCollected = Environment.GetEnvironmentVariable("JOURNAL_STREAM") is not null;
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
}
