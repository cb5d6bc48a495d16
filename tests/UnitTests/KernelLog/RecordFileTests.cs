using System.Text;
using AIInfra.Linux.KernelLog;

namespace AIInfra.UnitTests.KernelLog;

public sealed class RecordFileTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("aiinfra-klog-");
    private readonly string _file;

    public RecordFileTests() => File.WriteAllText(_file = Path.Combine(_folder.FullName, "kmsg"), "");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Records_are_read_to_the_end_and_then_as_they_are_appended()
    {
        Append("6,1,10,-;one\n SUBSYSTEM=pci\n6,2,20,-;two\n6,3,30,-;not yet wh");
        using var reader = KernelLogReader.Open(_file);

        Assert.False(reader.IsLive);
        Assert.Equal(["one", "two"], Read(reader));
        Assert.True(reader.IsLive);
        Append("ole\nno record\n\n4,1,40,-;the numbers jump back\n");
        Assert.True(reader.Wait());
        Assert.Equal(["not yet whole", "the numbers jump back"], Read(reader));
        Assert.Equal((4, 1, 0), (reader.Lines, reader.Malformed, reader.Overruns));
    }

    [Fact]
    public void Reading_goes_on_after_the_record_that_was_reached_and_only_in_the_log_that_was_read()
    {
        Append("6,7,1,-;a\n6,8,1,-;b\n6,9,1,-;c\n6,2,1,-;d\n");

        using (var reader = KernelLogReader.Open(_file, after: 8))
            Assert.Equal(["c", "d"], Read(reader));
        using (var reader = KernelLogReader.Open(_file, after: 100))
        {
            Assert.Equal(["d"], Read(reader)); // the numbers jumped back: that is not what was read
            Append("6,3,1,-;e\n");
            Assert.Equal(["e"], Read(reader));
        }
    }

    [Fact]
    public void A_file_that_is_cut_short_or_replaced_is_read_from_its_beginning()
    {
        Append("6,1,1,-;first and long\n");
        using var reader = KernelLogReader.Open(_file);
        Assert.Equal(["first and long"], Read(reader));

        File.WriteAllText(_file, "6,1,1,-;cut\n");
        Assert.Equal(["cut"], Read(reader));

        File.WriteAllText(_file + ".new", "6,1,1,-;another file of more bytes than the one before it\n");
        File.Move(_file + ".new", _file, overwrite: true);
        Assert.Equal(["another file of more bytes than the one before it"], Read(reader));
    }

    [Fact]
    public void A_line_of_a_megabyte_is_cut_and_the_next_one_is_read()
    {
        Append($"6,1,1,-;{new string('x', 1 << 20)}\n6,2,1,-;next\n");
        using var reader = KernelLogReader.Open(_file);

        var lines = Read(reader);

        Assert.Equal(2, lines.Count);
        Assert.InRange(lines[0].Length, 60_000, 64 * 1024);
        Assert.Equal("next", lines[1]);
    }

    [Fact]
    public async Task A_wait_ends_with_stop_from_another_thread()
    {
        using var reader = KernelLogReader.Open(_file);
        Assert.Empty(Read(reader));
        var waited = Task.Run(() =>
        {
            while (reader.Wait())
            {
                // a regular look at the file
            }
        }, TestContext.Current.CancellationToken);

        reader.Stop();

        await waited.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.False(reader.Wait());
    }

    [Fact]
    public void What_is_not_there_or_no_log_is_refused_with_what_to_do()
    {
        Assert.Contains("there is no such file", Assert.Throws<FileNotFoundException>(() => KernelLogReader.Open("/nowhere/kmsg")).Message, StringComparison.Ordinal);
        using var device = KernelLogReader.Open("/dev/null");
        Assert.Contains("/dev/null is no kernel log", Assert.Throws<IOException>(() => Read(device)).Message, StringComparison.Ordinal);
    }

    private void Append(string text) => File.AppendAllText(_file, text);

    private static List<string> Read(KernelLogReader reader)
    {
        var lines = new List<string>();
        while (reader.TryRead(out var record))
            lines.Add(Encoding.UTF8.GetString(record.Message));
        return lines;
    }
}
