using System.Diagnostics;
using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.VendorHost;

public sealed class VendorHostClientTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly VendorFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_board_arrives_as_the_library_described_it_with_all_three_states_of_readings()
    {
        using var client = await OpenAsync();

        var device = (await client.DescribeAsync(1, Deadline, Stop)).Device;
        var readings = new Reading[3];
        await client.SampleAsync(1, readings, Deadline, Stop);

        Assert.Equal(("board-1", "Board", "example.com/board", 1, "0000:02:00.0"), (device.Id, device.Model, device.ResourceName, device.Index, device.PciAddress));
        Assert.Equal(["board1"], device.DeviceNodes);
        Assert.Equal([new DeviceLink("board-0", LinkKind.Direct, 4)], device.Links);
        Assert.Equal([Reading.Of(41), Reading.Unknown, Reading.Absent], readings);
        Assert.Equal(2, await client.CountAsync(Deadline, Stop));
    }

    [Fact]
    public async Task A_refusal_of_the_library_names_the_call_the_status_and_the_fault()
    {
        _folder.Set("sample-0", "lost");
        using var client = await OpenAsync();

        var fault = await Assert.ThrowsAsync<VendorException>(() => client.SampleAsync(0, new Reading[3], Deadline, Stop));

        Assert.Equal(("sample", 15, VendorFault.DeviceLost, "the board is gone from the bus"), (fault.Call, fault.Status, fault.Fault, fault.Explanation));
        await client.SampleAsync(1, new Reading[3], Deadline, Stop); // the others still answer
    }

    [Theory]
    [InlineData("segfault")]
    [InlineData("abort")]
    public async Task A_library_that_crashes_takes_its_child_along_and_the_signal_is_told(string how)
    {
        _folder.Set("sample-0", how);
        using var client = await OpenAsync();

        var fault = await Assert.ThrowsAsync<VendorHostException>(() => client.SampleAsync(0, new Reading[3], Deadline, Stop));

        Assert.Equal(HostFault.Ended, fault.Fault);
        Assert.StartsWith("it ended by signal ", fault.Message, StringComparison.Ordinal);
        Assert.Equal(fault.Message, await client.Ended.WaitAsync(Deadline, Stop));
        Assert.Equal(HostFault.Ended, (await Assert.ThrowsAsync<VendorHostException>(() => client.CountAsync(Deadline, Stop))).Fault);
    }

    [Fact]
    public async Task A_call_out_of_time_is_a_hang_and_its_late_answer_is_seen()
    {
        _folder.Set("sample-1", $"fifo {_folder.MakeFifo("gate")}");
        var time = new ManualTime();
        using var client = await OpenAsync(time);

        var call = client.SampleAsync(1, new Reading[3], TimeSpan.FromSeconds(7), Stop);
        await time.WhenWaitingAsync(TimeSpan.FromSeconds(7));
        time.Advance(TimeSpan.FromSeconds(7));

        var fault = await Assert.ThrowsAsync<VendorHostException>(() => call.WaitAsync(Deadline, Stop));
        Assert.Equal((HostFault.Hung, 1), (fault.Fault, fault.Board));
        Assert.Equal($"reading board 1 has not returned for 7 s (process {client.ProcessId})", fault.Message);
        var late = client.LateAnswer;
        Assert.False(late.IsCompleted);

        using var gate = _folder.Release("gate");
        await late.WaitAsync(Deadline, Stop);
        await client.SampleAsync(0, new Reading[3], Deadline, Stop);
    }

    [Fact]
    public async Task An_event_arrives_while_a_call_hangs()
    {
        _folder.MakeFifo("event");
        using var events = _folder.Release("event");
        _folder.Set("sample-0", "hang");
        using var client = await OpenAsync();
        await client.ListenAsync(Deadline, Stop);
        _ = client.SampleAsync(0, new Reading[3], Deadline, Stop);

        events.Write([0, 79]);
        events.Flush();

        Assert.Equal(new VendorEvent("board-0", "xid", 79, null), await client.Events.ReadAsync(Stop).AsTask().WaitAsync(Deadline, Stop));
    }

    [Fact]
    public async Task A_child_ends_when_its_socket_closes_although_its_library_never_returns()
    {
        _folder.Set("sample-0", "hang");
        var client = await OpenAsync();
        var id = client.ProcessId;
        _ = client.SampleAsync(0, new Reading[3], Deadline, Stop);

        client.Dispose();

        await VendorFolder.WaitForEndAsync(id);
        Assert.Empty(_folder.Processes());
    }

    [Fact]
    public async Task A_signal_to_the_whole_unit_does_not_end_a_child()
    {
        using var client = await OpenAsync();

        VendorFolder.Signal(client.ProcessId, 15);
        VendorFolder.Signal(client.ProcessId, 2);

        await client.SampleAsync(0, new Reading[3], Deadline, Stop);
    }

    [Fact]
    public async Task After_a_parent_was_killed_its_stuck_child_disturbs_no_new_one_and_ends_as_soon_as_it_can()
    {
        _folder.Set("sample-0", "hang");
        using var parent = Process.Start(VendorFolder.Program, [_folder.Path, "as-parent"]);
        await _folder.UntilThereAsync("child");
        var child = int.Parse(await File.ReadAllTextAsync(_folder.PathOf("child"), Stop), CultureInfo.InvariantCulture);
        VendorFolder.Signal(child, 19); // stopped: like a process in uninterruptible sleep it cannot see that its socket closed
        parent.Kill();
        await parent.WaitForExitAsync(Stop).WaitAsync(Deadline, Stop);

        using var client = await OpenAsync();
        await client.SampleAsync(1, new Reading[3], Deadline, Stop);
        Assert.Contains(child, _folder.Processes());

        VendorFolder.Signal(child, 18);
        await VendorFolder.WaitForEndAsync(child);
    }

    [Fact]
    public async Task A_child_holds_no_socket_pipe_or_file_of_this_process()
    {
        var list = _folder.PathOf("list");
        _folder.Set("describe-0", $"fds {list}");
        using var server = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        server.Start();
        using var client = await OpenAsync();
        await client.DescribeAsync(0, Deadline, Stop);

        var theirs = (await File.ReadAllLinesAsync(list, Stop)).Select(line => line.Split(' ', 2)).ToDictionary(parts => parts[0], parts => parts[1]);
        var ours = Directory.EnumerateFileSystemEntries("/proc/self/fd").Select(fd => new FileInfo(fd).LinkTarget).OfType<string>().ToHashSet();

        Assert.Equal("/dev/null", theirs["0"]);
        Assert.Equal(theirs["2"], theirs["1"]);
        Assert.StartsWith("socket:", theirs["3"], StringComparison.Ordinal);
        Assert.DoesNotContain(theirs["3"], ours); // the other end is another socket
        var above = theirs.Where(entry => entry.Key.Length > 1 || entry.Key[0] > '2').Select(entry => entry.Value);
        Assert.DoesNotContain(above, link => link != theirs["2"] && ours.Contains(link) && (link.StartsWith("socket:", StringComparison.Ordinal) || link.StartsWith("pipe:", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_program_of_another_version_is_answered_with_a_sentence_that_says_to_restart_the_agent()
    {
        _folder.Set("impostor", "old-version");

        var fault = await Assert.ThrowsAsync<VendorHostException>(() => OpenAsync());

        Assert.Equal(HostFault.OtherVersion, fault.Fault);
        Assert.Equal($"The program on disk is version 0.0.1 (protocol 1), this agent runs {VendorHostProcess.Version} (protocol {Frame.Protocol}): restart the agent.", fault.Message);
    }

    [Theory]
    [InlineData("garbage", "it sent what is not the vendor host's protocol")]
    [InlineData("exits", "it ended by exit code 7")]
    public async Task A_program_that_is_no_vendor_host_is_told_from_a_good_one(string what, string sentence)
    {
        _folder.Set("impostor", what);

        var fault = await Assert.ThrowsAsync<VendorHostException>(() => OpenAsync());

        Assert.Equal(HostFault.Ended, fault.Fault);
        Assert.StartsWith(sentence, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_is_not_there_says_what_to_do()
    {
        var launcher = new VendorHostLauncher("/no/such/agent", []);

        var fault = await Assert.ThrowsAsync<VendorHostException>(() => VendorHostClient.StartAsync(launcher, "scripted", Deadline, TimeProvider.System, Stop));

        Assert.Equal(HostFault.CannotStart, fault.Fault);
        Assert.EndsWith("Is /no/such/agent still there and executable? Then restart the agent.", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_child_gets_its_own_library_path_and_not_the_service_managers_socket()
    {
        Environment.SetEnvironmentVariable("NOTIFY_SOCKET", "/run/systemd/notify");
        try
        {
            var launcher = new VendorHostLauncher("x", []) { Environment = new Dictionary<string, string> { ["LD_LIBRARY_PATH"] = "/opt/vendor/lib" } };

            var environment = launcher.ChildEnvironment();

            Assert.Equal("/opt/vendor/lib", environment["LD_LIBRARY_PATH"]);
            Assert.Equal(Environment.GetEnvironmentVariable("PATH"), environment["PATH"]);
            Assert.False(environment.ContainsKey("NOTIFY_SOCKET"));
        }
        finally
        {
            Environment.SetEnvironmentVariable("NOTIFY_SOCKET", null);
        }
    }

    private async Task<VendorHostClient> OpenAsync(TimeProvider? time = null)
    {
        var client = await VendorHostClient.StartAsync(_folder.Launcher, "scripted", Deadline, time ?? TimeProvider.System, Stop);
        await client.OpenAsync("libscripted.so.1", Deadline, Stop);
        return client;
    }
}
