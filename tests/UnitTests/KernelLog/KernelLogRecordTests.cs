using System.Text;
using AIInfra.Linux.KernelLog;

namespace AIInfra.UnitTests.KernelLog;

public sealed class KernelLogRecordTests
{
    [Fact]
    public void A_record_is_read_with_its_dictionary_and_its_escapes()
    {
        var bytes = Encoding.UTF8.GetBytes("30,2210,511201911,-,caller=T8843,x=y;a\\x0ab \\xe6\\x98\\xbe \\x5cx41\\xzz\n SUBSYSTEM=nvme\n DEVICE=c241:4\n");

        Assert.True(KernelLogRecord.TryParse(bytes, out var record));
        Assert.Equal((6, 3, 2210, 511201911), (record.Level, record.Facility, record.Sequence, record.Microseconds));
        Assert.Equal("-", Encoding.UTF8.GetString(record.Flags));
        Assert.Equal("a\nb 显 \\x41\\xzz", Encoding.UTF8.GetString(record.Message));
        Assert.True(record.TryGetField("DEVICE"u8, out var device));
        Assert.Equal("c241:4", Encoding.UTF8.GetString(device));
        Assert.False(record.TryGetField("DEV"u8, out _));
        Assert.False(record.TryGetField(""u8, out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData(";")]
    [InlineData("6,1,2,-")] // no text at all
    [InlineData("6,1,2\n-;x")] // the semicolon is in the next line
    [InlineData("6,1,2;x")]
    [InlineData("6,1,2,;x")]
    [InlineData("-6,1,2,-;x")]
    [InlineData("6,99999999999999999999,2,-;x")]
    [InlineData("99999999999,1,2,-;x")]
    [InlineData("6 ,1,2,-;x")]
    public void What_is_no_record_is_refused(string text) => Assert.False(KernelLogRecord.TryParse(Encoding.UTF8.GetBytes(text), out _));

    [Theory]
    [InlineData("\\", "\\")]
    [InlineData("\\x", "\\x")]
    [InlineData("\\x4", "\\x4")]
    [InlineData("\\x41", "A")]
    [InlineData("a\\x41\\x42\\x", "aAB\\x")]
    [InlineData("\\\\x41", "\\A")]
    public void Escapes_are_undone_where_they_are_whole(string text, string expected) =>
        Assert.Equal(expected, Encoding.UTF8.GetString(KernelLogRecord.Unescape(Encoding.UTF8.GetBytes(text))));
}
