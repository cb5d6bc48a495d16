using System.Diagnostics;
using System.Runtime.InteropServices;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;
using AIInfra.Testing;
using AIInfra.Vendors.Nvidia;

namespace AIInfra.FunctionalTests.Vendors;

/// <summary>The bindings against <c>hostile_nvml.c</c>, a library that answers what no driver should.</summary>
public sealed class HostileNvmlTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("aiinfra-hostile-");
    private readonly StringWriter _notes = new();
    private readonly NvidiaLibrary _library;
    private readonly string _file;

    public HostileNvmlTests()
    {
        _library = new NvidiaLibrary(TimeProvider.System, _notes);
        _file = Path.Combine(_folder.FullName, "libhostile.so");
        using var compiler = Process.Start("cc", ["-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-o", _file,
            RepositoryRoot.Combine("tests", "FunctionalTests", "Vendors", "hostile_nvml.c")]);
        Assert.True(compiler.WaitForExit(TimeSpan.FromSeconds(60)));
        Assert.Equal(0, compiler.ExitCode);
        Assert.Equal(new LibraryInfo(new string('5', 96), null, 3, IsSimulated: false), _library.Open(_file));
    }

    public void Dispose()
    {
        _library.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public void Twins_and_unusable_uuids_go_by_their_pci_address()
    {
        var devices = Enumerable.Range(0, 3).Select(_library.Describe).ToArray();

        Assert.Equal(["GPU-twin", "0000:02:00.0", "0000:03:00.0"], devices.Select(device => device.Id));
        Assert.Equal("GPU-twin", _library.Describe(0).Id); // stays
        Assert.Contains("the UUID of board 1 is that of another board", _notes.ToString());
        Assert.Contains("the UUID of board 2 is missing or not usable", _notes.ToString());
    }

    [Fact]
    public void Text_without_an_end_and_numbers_out_of_range_are_survived()
    {
        _library.Describe(0);
        var device = _library.Describe(1);

        Assert.Equal(new string('x', 96), device.Model);
        Assert.Equal((null, null, null), (device.NodeName, device.MemoryBytes, device.Serial));
        Assert.Empty(device.DeviceNodes);
        Assert.Empty(device.Links); // a path of no header, and links in a state of no header
        var fault = Assert.Throws<VendorException>(() => _library.Describe(3));
        Assert.Equal(VendorFault.DeviceLost, fault.Fault);
    }

    [Fact]
    public void What_cannot_be_is_unknown_and_what_can_is_kept()
    {
        _library.Describe(0);
        var readings = new Reading[_library.Fields.Count];
        _library.Sample(0, readings);

        foreach (var field in new[] { "temperature_celsius", "power_watts", "sm_clock_hertz", "energy_joules_total", "utilization_ratio",
            "memory_used_bytes", "memory_reserved_bytes", "nvlink_bytes_per_second", "ecc_volatile_uncorrected_total", "row_remap_failed" })
        {
            Assert.Equal((field, ReadingState.Unknown), (field, readings[_library.Fields[field]].State));
        }
        Assert.Equal(Reading.Of(0.5), readings[_library.Fields["memory_copy_utilization_ratio"]]);
        Assert.Equal(Reading.Of(51), readings[_library.Fields["memory_temperature_celsius"]]); // said to be a double, and is not
        Assert.Equal(Reading.Of(4000000000), readings[_library.Fields["recovery_action"]]);
        Assert.Equal(ReadingState.Absent, readings[_library.Fields["encoder_utilization_ratio"]].State);
    }

    [Fact]
    public void Partitions_that_cannot_be_told_apart_go_by_their_place()
    {
        _library.Describe(0);
        var partitions = _library.Partitions(0);

        Assert.Equal(["MIG-twin", "0000:01:00.0-gi2-ci0", "0000:01:00.0-gi3-ci0"], partitions.Select(partition => partition.Id));
        Assert.All(partitions, partition => Assert.Equal(("unknown", null), (partition.Partition!.Profile, partition.MemoryBytes)));
        Assert.Equal(partitions.Select(partition => partition.Id), _library.Partitions(0).Select(partition => partition.Id)); // stays
        Assert.Single(_notes.ToString().Split('\n'), line => line.Contains("gi2-ci0", StringComparison.Ordinal)); // said once
        _library.Describe(1);
        Assert.Empty(_library.Partitions(1));
    }

    [Fact]
    public void Conditions_that_cannot_be_are_unknown()
    {
        _library.Describe(0);
        var readings = new Reading[_library.Fields.Count];
        _library.Sample(0, readings);

        foreach (var field in new[] { "compute_processes", "performance_state", "row_remap_banks_none", "row_remap_pending" })
            Assert.Equal((field, ReadingState.Unknown), (field, readings[_library.Fields[field]].State));
        var rules = new NvidiaWatches(() => TimeSpan.FromDays(1));
        using var board = new AIInfra.Core.Health.HealthBoard(TimeProvider.System, "boot-1", []);
        for (var minute = 0; minute < 3; minute++)
            rules.Look(_library.Describe(0), readings, DateTimeOffset.UnixEpoch.AddMinutes(minute), board);
        Assert.Equal(["nvidia.fabric-unhealthy"], board.Current.Value.Problems.Select(problem => problem.Id)); // it has a bit for every fault
    }

    [Fact]
    public void Profiling_without_data_is_unknown_and_its_rounding_is_cut()
    {
        var time = new ManualTime();
        using var library = new NvidiaLibrary(time, _notes);
        library.Open(_file);
        library.Describe(0);
        var readings = new Reading[library.Fields.Count];
        library.Sample(0, readings);
        time.Advance(TimeSpan.FromMilliseconds(99));
        library.Sample(0, readings);
        Assert.Equal(ReadingState.Unknown, readings[library.Fields["memory_active_ratio"]].State); // too soon for a second sample

        time.Advance(TimeSpan.FromMilliseconds(1));
        library.Sample(0, readings);

        Assert.Equal(ReadingState.Unknown, readings[library.Fields["graphics_engine_active_ratio"]].State); // not a number
        Assert.Equal(ReadingState.Unknown, readings[library.Fields["sm_active_ratio"]].State); // 5000 %
        Assert.Equal(ReadingState.Unknown, readings[library.Fields["sm_occupancy_ratio"]].State);
        Assert.Equal(ReadingState.Absent, readings[library.Fields["tensor_active_ratio"]].State); // a metric it does not know
        Assert.Equal(Reading.Of(1), readings[library.Fields["memory_active_ratio"]]);
        Assert.Equal(Reading.Of(5000.0 * 1048576), readings[library.Fields["pcie_sent_bytes_per_second"]]);
    }

    [Fact]
    public void A_board_that_cannot_be_registered_leaves_the_others_and_an_event_of_nobody_is_told_as_such()
    {
        Array.ForEach([0, 1, 2], index => _library.Describe(index));

        Assert.True(_library.WaitEvent(TimeSpan.FromSeconds(10), out var happened));

        Assert.Equal(new VendorEvent(null, "xid", long.MaxValue, "gi 3"), happened);
        Assert.Equal([ReadingState.Present, ReadingState.Unknown, ReadingState.Present], Enumerable.Range(0, 3).Select(LastXid));
    }

    [Fact]
    public void A_wait_that_never_waits_does_not_take_the_processor()
    {
        _library.Describe(0);
        _library.WaitEvent(TimeSpan.Zero, out _);
        var before = Waits;

        Assert.False(_library.WaitEvent(TimeSpan.FromMilliseconds(300), out _) && _library.WaitEvent(TimeSpan.FromMilliseconds(300), out _));

        Assert.InRange(Waits - before, 1, 8);
    }

    private unsafe int Waits => NativeLibrary.TryGetExport(NativeLibrary.Load(_file), "hostile_waits", out var symbol) ? *(int*)symbol : -1;

    private ReadingState LastXid(int index)
    {
        var readings = new Reading[_library.Fields.Count];
        _library.Sample(index, readings);
        return readings[_library.Fields["last_xid"]].State;
    }
}
