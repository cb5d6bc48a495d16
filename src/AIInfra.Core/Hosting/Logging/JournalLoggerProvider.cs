using Microsoft.Extensions.Logging;

namespace AIInfra.Core.Hosting.Logging;

/// <summary>Logs to journald with fields: MESSAGE, PRIORITY, SYSLOG_IDENTIFIER, AIINFRA_EVENT, AIINFRA_LOGGER, AIINFRA_EXCEPTION, and one for each word of the message.</summary>
internal sealed class JournalLoggerProvider(JournalSocket journal) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new JournalLogger(journal, categoryName);

    public void Dispose() => journal.Dispose();

    private sealed class JournalLogger(JournalSocket journal, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var message = formatter(state, exception);
            var record = new JournalRecord()
                .Add("MESSAGE", exception is null ? message : $"{message}\n{exception}")
                .Add("PRIORITY", Priority(logLevel))
                .Add("SYSLOG_IDENTIFIER", journal.Identifier)
                .Add("AIINFRA_EVENT", LogEventName.Of(category, eventId))
                .Add("AIINFRA_LOGGER", category);
            foreach (var (name, value) in LogFields.Of(state))
                record.Add(JournalRecord.FieldName(name), LogFields.Text(value));
            if (exception is not null)
                record.Add("AIINFRA_EXCEPTION", exception.GetType().FullName ?? exception.GetType().Name);
            if (!journal.TrySend(record.Bytes))
                Console.Error.WriteLine($"<{Priority(logLevel)}>{message.ReplaceLineEndings(" ")}");
        }

        /// <summary>Of syslog(3).</summary>
        private static string Priority(LogLevel level) => level switch
        {
            LogLevel.Critical => "2",
            LogLevel.Error => "3",
            LogLevel.Warning => "4",
            LogLevel.Information => "6",
            _ => "7",
        };
    }
}
