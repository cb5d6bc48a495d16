using AIInfra.Core.Devices;
using AIInfra.Core.Health.Npd.Stats;
using AIInfra.Core.Health.Probes.Host;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorFiles;
using AIInfra.Core.VendorHost;
using AIInfra.Linux.Files;
using AIInfra.Linux.Uevents;
using AIInfra.UnitTests.VendorFiles;
using AIInfra.Vendors.Amd;

namespace AIInfra.UnitTests.Fuzz;

/// <summary>What the kernel, drivers and disks say. The kernel log and saved logs are in <c>LogFuzz</c>.</summary>
[Trait("Kind", "Fuzz")]
public sealed class KernelFuzz
{
    [Fact]
    public void Device_events() => Fuzzing.RunBytes(
        ["add@/devices/pci0000:3a/0000:3b:00.0\0ACTION=add\0DEVPATH=/devices/pci0000:3a/0000:3b:00.0\0SUBSYSTEM=pci\0PCI_SLOT_NAME=0000:3b:00.0\0"],
        (byte[] bytes) => Uevent.Parse(bytes, 0));

    [Fact]
    public void Mount_table() => Fuzzing.RunBytes(
        ["36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n40 35 0:41 / /a\\040b ro shared:2 - nfs4 server:/x rw,vers=4.2\n"],
        (byte[] bytes) => MountTable.Parse(bytes, _ => true));

    [Fact]
    public void Addresses() => Fuzzing.Run(["0000:3b:00.0", "3b:00.0", "00000000:3B:00.0", "domain:bus"], text => PciAddress.Normalise(text));

    [Fact]
    public void Gpu_metrics_blobs()
    {
        var (reader, readings) = (new AmdMetricsReader(), new Reading[AmdMetricsReader.Rows.Length]);
        Fuzzing.RunBytes([.. AmdMetricsLayout.All.Select(Blob)], (byte[] bytes) =>
        {
            reader.Read(bytes, readings);
            foreach (var reading in readings)
                Assert.True(!reading.IsPresent || double.IsFinite(reading.Value));
            for (var partition = 0; partition < 10; partition++)
                AmdMetricsReader.PartitionLoad(bytes, partition);
        });

        static byte[] Blob(AmdMetricsLayout layout)
        {
            var bytes = new byte[layout.Size];
            new Random(layout.Size).NextBytes(bytes);
            (bytes[0], bytes[1], bytes[2], bytes[3]) = ((byte)layout.Size, (byte)(layout.Size >> 8), (byte)(layout.Version[0] - '0'), (byte)(layout.Version[2] - '0'));
            return bytes;
        }
    }

    /// <summary>A whole node of boards, one of whose files is damaged at each turn: the others are read on.</summary>
    [Theory]
    [InlineData("amd", "mi300x-2")]
    [InlineData("intel", "max1550-2")]
    [InlineData("rdma", "ib-hdr-2")]
    [InlineData("generic", "tpu-v5e-2")]
    public void Files_of_sysfs(string vendor, string node)
    {
        using var rig = new VendorRig(vendor, node);
        var files = Directory.EnumerateFiles(rig.Host.Root, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
            .Where(file => new FileInfo(file).Length is > 0 and < 100_000).Order(StringComparer.Ordinal).ToArray();
        var seeds = files.Select(File.ReadAllBytes).ToArray();
        Assert.NotEmpty(files);
        var turn = 0;
        Fuzzing.RunBytes([[1]], (byte[] _) =>
        {
            var random = new Random(turn);
            var file = turn++ % files.Length;
            File.WriteAllBytes(files[file], Fuzzing.Damaged([seeds[file]], random));
            Look(rig.Driver);
            File.WriteAllBytes(files[file], seeds[file]);
        });
    }

    private static void Look(IFileDriver driver)
    {
        foreach (var name in Declared(() => driver.List().Names, []))
            Declared(() =>
            {
                var board = driver.Describe(name);
                using var open = driver.Open(name, board.Device);
                open.Read(new Reading[driver.Fields.Count]);
                return 0;
            }, 0);
    }

    private static T Declared<T>(Func<T> ask, T otherwise)
    {
        try
        {
            return ask();
        }
        catch (VendorException)
        {
            return otherwise;
        }
    }

    [Fact]
    public void Files_of_proc()
    {
        var root = Directory.CreateTempSubdirectory("aiinfra-fuzz-").FullName;
        Directory.CreateDirectory(Path.Combine(root, "proc/net"));
        var reader = new ProcReader(new HostPaths { Root = root });
        string[] names = ["loadavg", "stat", "meminfo", "vmstat", "uptime", "modules", "net/dev"];
        Fuzzing.RunBytes(
            ["0.1 0.2 0.3 1/234 5678\n", "cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 2 3 4 5 6 7 8 9 10\nintr 1 2\nprocesses 3\nprocs_running 1\n", "MemTotal: 5 kB\nMemFree: 3 kB\nActive(anon): 1 kB\n", "Inter-|\n face |bytes\n eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n", "mlx5_core 1 2 a,b, Live 0x0 (OE)\n", "12.5 3\n"],
            (byte[] bytes) =>
            {
                foreach (var name in names)
                    File.WriteAllBytes(Path.Combine(root, "proc", name), bytes);
                var sample = new StatsSample();
                reader.ReadLoad(sample);
                reader.ReadProcessors(sample);
                reader.ReadMemory(sample);
                reader.ReadInterfaces(sample, _ => true);
                reader.ReadUptime(sample);
                reader.ReadFeatures(sample, new HashSet<string>());
                Assert.All(sample.Values, value => Assert.True(double.IsFinite(value.Value)));
            });
        Directory.Delete(root, recursive: true);
    }

    [Fact]
    public void What_disks_say_of_themselves() => Fuzzing.Run(
        ["{\"smart_status\": {\"passed\": true}, \"ata_smart_attributes\": {\"table\": [{\"id\": 197, \"raw\": {\"value\": 4294967296}}]}}", "{\"nvme_smart_health_information_log\": {\"critical_warning\": 1, \"available_spare\": 90}}", "{\"critical_warning\": {\"value\": 3}, \"media_errors\": 5, \"percent_used\": 3}"],
        text =>
        {
            DiskHealth.OfSmartctl(text);
            DiskHealth.OfNvme(text);
        });

    /// <summary>The child with a vendor's library may be overwritten by that library: nothing that it sends may harm the daemon.</summary>
    [Fact]
    public void Frames_of_the_vendor_host()
    {
        var writer = new FrameWriter();
        var device = new Device { Id = "a", Vendor = "b", Model = "c", ResourceName = "d/e", DeviceNodes = ["x"], Links = [new DeviceLink("y", LinkKind.Direct, 2)] };
        writer.WriteBoard(device, [device with { Id = "p" }]);
        var board = writer.Seal(FrameKind.Describe, 1).ToArray();
        writer.Clear();
        writer.WriteReadings([Reading.Of(1.5), Reading.Absent, Reading.Unknown]);
        writer.WriteProcesses([]);
        var sample = writer.Flag(false).Int32(0).Seal(FrameKind.Sample, 2).ToArray();
        Fuzzing.RunBytes([board, sample], (byte[] bytes) =>
        {
            if (bytes.Length < 9)
                return;
            IsFrame(bytes, (ref FrameReader _) => Frame.ReadHeader(bytes.AsSpan(0, 9), out var _, out var _));
            IsFrame(bytes, (ref FrameReader reader) => reader.ReadDevice());
            IsFrame(bytes, (ref FrameReader reader) => reader.ReadBoard());
            IsFrame(bytes, (ref FrameReader reader) => reader.ReadSample(new Reading[3]));
            IsFrame(bytes, (ref FrameReader reader) => reader.ReadInfo());
            IsFrame(bytes, (ref FrameReader reader) => reader.ReadEvent());
            IsFrame(bytes, (ref FrameReader reader) => reader.ReadFault());
        });
    }

    private delegate void Reads(ref FrameReader reader);

    private static void IsFrame(byte[] bytes, Reads read)
    {
        try
        {
            var reader = new FrameReader(bytes.AsSpan(9));
            read(ref reader);
        }
        catch (FormatException)
        {
            // Not a frame.
        }
    }
}
