using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using AIInfra.Core.Hosting.Logging;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.UnitTests.Hosting;

public sealed partial class LogFormatTests
{
    private const string Hostile = "a\"b\nMESSAGE=forged\u001b[2J";

    [Fact]
    public void A_line_of_json_has_the_stable_fields_and_those_of_the_message()
    {
        using var line = JsonDocument.Parse(Json(log => LogSeen(log, Hostile, 3, 1.5)));
        var root = line.RootElement;

        Assert.Equal(["time", "level", "event", "logger", "message", "fields"], root.EnumerateObject().Select(field => field.Name));
        Assert.Equal(("warning", "LogFormatTests.Seen", typeof(LogFormatTests).FullName), (root.GetProperty("level").GetString(), root.GetProperty("event").GetString(), root.GetProperty("logger").GetString()));
        Assert.Equal(Hostile, root.GetProperty("fields").GetProperty("Name").GetString());
        Assert.Equal(3, root.GetProperty("fields").GetProperty("Count").GetInt32());
        Assert.Equal(1.5, root.GetProperty("fields").GetProperty("Share").GetDouble());
    }

    [Fact]
    public void A_line_of_json_is_one_line_with_the_exception_in_it()
    {
        var text = Json(log => LogFailed(log, new InvalidOperationException("first\nsecond")));

        Assert.Equal(1, text.Count(letter => letter == '\n'));
        using var line = JsonDocument.Parse(text);
        Assert.Equal("Elsewhere.Failed", line.RootElement.GetProperty("event").GetString());
        Assert.Contains("first\nsecond", line.RootElement.GetProperty("exception").GetString(), StringComparison.Ordinal);
        Assert.False(line.RootElement.TryGetProperty("fields", out _));
    }

    [Fact]
    public void A_line_of_text_is_one_line_without_control_characters()
    {
        var output = new StringWriter();
        Capture(log => LogSeen(log, Hostile, 3, 1.5), new LineFormatter(), output);

        Assert.EndsWith("WARN  LogFormatTests: a\"b MESSAGE=forged?[2J was seen 3 times (1.5)\n", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_record_of_the_journal_has_fields_that_no_value_can_forge()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("aiinfra-test-").FullName, "socket");
        using var journald = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 5000 };
        journald.Bind(new UnixDomainSocketEndPoint(path));
        using var provider = new JournalLoggerProvider(JournalSocket.Open("aiinfra-agent", path)!);
        var buffer = new byte[65536];

        LogSeen(provider.CreateLogger(typeof(LogFormatTests).FullName!), Hostile, 3, 1.5);

        var fields = Parse(buffer.AsSpan(0, journald.Receive(buffer)));
        Assert.Equal(
            ["MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER", "AIINFRA_EVENT", "AIINFRA_LOGGER", "AIINFRA_NAME", "AIINFRA_COUNT", "AIINFRA_SHARE"], fields.Select(field => field.Name));
        Assert.Equal($"{Hostile} was seen 3 times (1.5)", fields[0].Value);
        Assert.Equal(("4", "aiinfra-agent", "LogFormatTests.Seen", Hostile), (fields[1].Value, fields[2].Value, fields[3].Value, fields[5].Value));
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    [Fact]
    public void Where_no_journald_listens_there_is_no_socket() => Assert.Null(JournalSocket.Open("aiinfra-agent", "/nowhere/socket"));

    [Theory]
    [InlineData("9:1234", "socket:[1234]", true)]
    [InlineData("9:1234", "socket:[1235]", false)]
    [InlineData("9:1234", "/dev/pts/0", false)]
    [InlineData("", "socket:[]", false)]
    [InlineData(null, "socket:[1234]", false)]
    [InlineData("9:1234", null, false)]
    public void The_journal_is_written_to_only_where_standard_error_goes_to_it(string? stream, string? standardError, bool isCollected) =>
        Assert.Equal(isCollected, ConsoleLogging.IsCollected(stream, standardError));

    [Theory]
    [InlineData("Node", "AIINFRA_NODE")]
    [InlineData("MaxAge", "AIINFRA_MAX_AGE")]
    [InlineData("PCIAddress", "AIINFRA_PCIADDRESS")]
    public void Words_of_a_message_become_names_of_fields(string word, string field) => Assert.Equal(field, JournalRecord.FieldName(word));

    private static string Json(Action<ILogger> say)
    {
        var output = new StringWriter();
        Capture(say, new JsonLineFormatter(), output);
        return output.ToString();
    }

    private static void Capture(Action<ILogger> say, Microsoft.Extensions.Logging.Console.ConsoleFormatter formatter, TextWriter output) => say(new Formatted(formatter, output));

    private static List<(string Name, string Value)> Parse(ReadOnlySpan<byte> record)
    {
        List<(string, string)> fields = [];
        while (record.Length > 0)
        {
            var end = record.IndexOfAny((byte)'=', (byte)'\n');
            var name = Encoding.ASCII.GetString(record[..end]);
            var isPlain = record[end] == '=';
            record = record[(end + 1)..];
            var length = isPlain ? record.IndexOf((byte)'\n') : (int)BinaryPrimitives.ReadUInt64LittleEndian(record);
            record = isPlain ? record : record[8..];
            fields.Add((name, Encoding.UTF8.GetString(record[..length])));
            Assert.Equal((byte)'\n', record[length]);
            record = record[(length + 1)..];
        }
        return fields;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Name} was seen {Count} times ({Share})")]
    private static partial void LogSeen(ILogger logger, string name, int count, double share);

    [LoggerMessage(EventName = "Elsewhere.Failed", Level = LogLevel.Error, Message = "It failed")]
    private static partial void LogFailed(ILogger logger, Exception fault);

    private sealed class Formatted(Microsoft.Extensions.Logging.Console.ConsoleFormatter formatter, TextWriter output) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> text) =>
            formatter.Write(new LogEntry<TState>(logLevel, typeof(LogFormatTests).FullName!, eventId, state, exception, text), null, output);
    }
}
