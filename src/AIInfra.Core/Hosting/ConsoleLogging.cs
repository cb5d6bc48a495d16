using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace AIInfra.Core.Hosting;

public static class ConsoleLogging
{
    /// <summary>One line a message on standard error; systemd's priorities where it collects them (sd-daemon(3)).</summary>
    public static void AddLines(this ILoggingBuilder logging)
    {
        logging.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning);
        logging.Services.Configure<ConsoleLoggerOptions>(options => options.LogToStandardErrorThreshold = LogLevel.Trace);
        if (Environment.GetEnvironmentVariable("JOURNAL_STREAM") is not null)
            logging.AddSystemdConsole();
        else
            logging.AddConsole(options => options.FormatterName = LineFormatter.FormatterName).Services.AddSingleton<ConsoleFormatter, LineFormatter>();
    }
}
