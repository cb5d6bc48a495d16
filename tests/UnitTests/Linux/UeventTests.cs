using System.Text;
using AIInfra.Core.Devices;
using AIInfra.Linux.Uevents;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Linux;

public sealed class UeventTests : IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("uevents-");
    private readonly ManualTime _time = new();
    private readonly CancellationTokenSource _stop = new(TimeSpan.FromSeconds(30));

    private string StandIn => Path.Combine(_folder.FullName, "uevents");

    public void Dispose()
    {
        _stop.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public void The_kernels_message_is_taken_apart()
    {
        var message = "bind@/devices/pci0000:3a/0000:3b:00.0\0ACTION=bind\0DEVPATH=/devices/pci0000:3a/0000:3b:00.0\0SUBSYSTEM=pci\0DRIVER=nvidia\0PCI_CLASS=30200\0PCI_SLOT_NAME=0000:3b:00.0\0SEQNUM=7";

        var happened = Uevent.Parse(Encoding.ASCII.GetBytes(message), 0)!;

        Assert.Equal(("bind", "/devices/pci0000:3a/0000:3b:00.0"), (happened.Action, happened.Path));
        Assert.Equal(("pci", "nvidia", null), (happened["SUBSYSTEM"], happened["DRIVER"], happened["MAJOR"]));
        Assert.Equal("bind 0000:3b:00.0", PciWatch.What(happened));
    }

    [Theory]
    [InlineData("")]
    [InlineData("libudev")]
    [InlineData("@/devices")]
    [InlineData("add@")]
    [InlineData("add@devices\0SUBSYSTEM=pci")]
    public void What_is_none_is_passed_over(string message) => Assert.Null(Uevent.Parse(Encoding.ASCII.GetBytes(message), 0));

    [Theory]
    [InlineData("add", "pci", "30000", true)]
    [InlineData("remove", "pci", "30200", true)]
    [InlineData("unbind", "pci", "120000", true)]
    [InlineData("bind", "pci", "B4000", true)]
    [InlineData("bind", "pci", null, true)]
    [InlineData("bind", "pci", "20000", false)] // a network card
    [InlineData("add", "pci", "10802", false)] // a disk
    [InlineData("change", "pci", "30200", false)]
    [InlineData("add", "drm", "30200", false)]
    public void Only_accelerators_that_come_go_or_change_their_driver_count(string action, string subsystem, string? pciClass, bool counts)
    {
        var values = new Dictionary<string, string> { ["SUBSYSTEM"] = subsystem, ["PCI_SLOT_NAME"] = "0000:3b:00.0\u001b[2J" };
        if (pciClass is not null)
            values["PCI_CLASS"] = pciClass;

        Assert.Equal(counts ? $"{action} of a device" : null, PciWatch.What(new Uevent(action, "/devices/x", values)));
    }

    [Theory]
    [InlineData("add", true)]
    [InlineData("remove", true)]
    [InlineData("bind", false)]
    public void Mediated_devices_that_come_or_go_count(string action, bool counts) => Assert.Equal(
        counts ? $"{action} of a mediated device" : null, PciWatch.What(new Uevent(action, "/devices/x", new Dictionary<string, string> { ["SUBSYSTEM"] = "mdev" })));

    [Fact]
    public void Lost_events_may_have_been_any() => Assert.NotNull(PciWatch.What(Uevent.Overrun));

    [Theory]
    [InlineData(16, 0, true)]
    [InlineData(16, 4711, false)]
    [InlineData(2, 0, false)]
    public void Only_the_kernel_is_believed(byte family, int port, bool isBelieved)
    {
        var sender = new byte[12];
        sender[0] = family;
        BitConverter.TryWriteBytes(sender.AsSpan(4), port);

        Assert.Equal(isBelieved, UeventSocket.IsKernel(sender));
    }

    [Fact]
    public async Task A_stand_in_file_may_come_late_be_half_written_and_be_begun_anew()
    {
        await using var events = new UeventReader(_time, StandIn).ReadAsync(_stop.Token).GetAsyncEnumerator(_stop.Token);
        var next = events.MoveNextAsync().AsTask();
        await _time.WhenWaitingAsync(Look);

        await File.WriteAllTextAsync(StandIn, "add@/devices/a\nSUBSYSTEM=pci\n\nremove@/dev", _stop.Token);
        _time.Advance(Look);
        Assert.True(await next);
        Assert.Equal(("add", "pci"), (events.Current.Action, events.Current["SUBSYSTEM"]));

        next = events.MoveNextAsync().AsTask();
        await File.AppendAllTextAsync(StandIn, "ices/b\n\n", _stop.Token);
        _time.Advance(Look);
        Assert.True(await next);
        Assert.Equal("/devices/b", events.Current.Path);

        next = events.MoveNextAsync().AsTask();
        await File.WriteAllTextAsync(StandIn, "", _stop.Token);
        _time.Advance(Look);
        await _time.WhenWaitingAsync(Look);
        await File.AppendAllTextAsync(StandIn, "bind@/devices/c\n\n", _stop.Token);
        _time.Advance(Look);
        Assert.True(await next);
        Assert.Equal("/devices/c", events.Current.Path);
    }

    [Fact]
    public async Task The_watch_tells_of_boards_and_of_nothing_else()
    {
        await File.WriteAllTextAsync(StandIn, "add@/devices/n\nSUBSYSTEM=net\n\nadd@/devices/g\nSUBSYSTEM=pci\nPCI_CLASS=30200\nPCI_SLOT_NAME=0000:3b:00.0\nPCI_ID=10DE:2330\n\n", _stop.Token);
        var changes = new PciChanges();
        var (ours, others) = (changes.Of("0x10de"), changes.Of("0x1002"));
        var (start, untouched) = (ours.Value, others.Value);
        var watch = new PciWatch(new UeventReader(_time, StandIn), changes, new RecordedLog<PciWatch>()).RunAsync(_stop.Token);

        await ours.WaitForChangeAsync(start, _stop.Token);

        Assert.Equal(new PciChange("add 0000:3b:00.0", "0x10de"), ours.Value);
        Assert.Same(untouched, others.Value);
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => watch);
    }
}
