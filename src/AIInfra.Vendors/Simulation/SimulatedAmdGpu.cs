using System.Buffers.Binary;
using System.Globalization;

namespace AIInfra.Vendors.Simulation;

/// <summary>An MI300X as amdgpu and the compute driver show it. All of a host are joined by XGMI, each pair by one link.</summary>
/// <param name="count">How many GPUs the host has.</param>
public sealed class SimulatedAmdGpu(SimulatedFiles files, int slot, int number, int count) : SimulatedBoard(files, slot)
{
    private const long Memory = 192L << 30;
    private const int SimdsPerPartition = 152, FirstMinor = 128, CpuNodes = 2;
    private const string Topology = "sys/class/kfd/kfd/topology";

    private readonly Dictionary<string, long> _uncorrected = new(StringComparer.Ordinal), _corrected = new(StringComparer.Ordinal);
    private ulong _energy = 1_000_000;

    public override string Kind => "amd";
    /// <summary>1 is SPX, 8 is CPX.</summary>
    public int Partitions { get; init; } = 1;
    public int Temperature { get; private set; } = 48;

    private int Nodes => CpuNodes + count * Partitions;
    private int NodeOf(int gpu, int partition) => CpuNodes + gpu * Partitions + partition;
    private int MinorOf(int partition) => FirstMinor + number * Partitions + partition;
    private string Monitor => $"{Folder}/hwmon/hwmon{number + 3}";

    public override void Write()
    {
        WriteFunction("1002", "74a1", "0x120000", "amdgpu");
        Files.Put("sys/module/amdgpu/version", "6.10.5");
        Files.Put("sys/module/amdgpu/srcversion", "0123456789ABCDEF");
        Files.Put("dev/kfd", "");
        Files.Put($"{Folder}/unique_id", string.Create(CultureInfo.InvariantCulture, $"{0x5a_0000_0000 + number:x16}"));
        Files.Put($"{Folder}/product_name", "AMD Instinct MI300X OAM");
        Files.Put($"{Folder}/serial_number", string.Create(CultureInfo.InvariantCulture, $"SIM{number:d6}"));
        Files.Put($"{Folder}/vbios_version", "113-M3000100-103");
        Files.Put($"{Folder}/fw_version/smc_fw_version", "0x00556f00");
        Files.Put($"{Folder}/current_compute_partition", Partitions == 1 ? "SPX" : Partitions == 8 ? "CPX" : "DPX");
        Files.Put($"{Folder}/available_compute_partition", "SPX, DPX, QPX, CPX");
        Files.Put($"{Folder}/current_memory_partition", "NPS1");
        Files.Put($"{Folder}/available_memory_partition", "NPS1, NPS4");
        Files.Put($"{Folder}/gpu_busy_percent", 37);
        Files.Put($"{Folder}/mem_busy_percent", 12);
        Files.Put($"{Folder}/mem_info_vram_total", Memory);
        Files.Put($"{Folder}/mem_info_vram_used", Memory / 4);
        Files.Put($"{Folder}/mem_info_gtt_total", 64L << 30);
        Files.Put($"{Folder}/mem_info_gtt_used", 1L << 20);
        Files.Put($"{Folder}/pcie_replay_count", 0);
        Files.Put($"{Folder}/xgmi_error", 0);
        Files.Put($"{Folder}/ras/gpu_vram_bad_pages", "");
        foreach (var block in new[] { "umc", "sdma", "gfx", "mmhub", "xgmi_wafl" })
            WriteErrors(block);
        Files.Put($"{Monitor}/name", "amdgpu");
        Files.Put($"{Monitor}/temp2_label", "junction");
        Files.Put($"{Monitor}/temp2_crit", 100_000);
        Files.Put($"{Monitor}/temp3_label", "mem");
        Files.Put($"{Monitor}/temp3_input", 44_000);
        Files.Put($"{Monitor}/power1_input", 310_000_000);
        Files.Put($"{Monitor}/power1_cap", 750_000_000);
        WriteTemperature();
        WriteMetrics();
        for (var partition = 0; partition < Partitions; partition++)
            WritePartition(partition);
        Announce();
    }

    private void WritePartition(int partition)
    {
        var minor = MinorOf(partition);
        var device = partition == 0 ? Folder : $"sys/devices/platform/amdgpu_xcp_{number * 8 + partition}";
        var (render, card) = ($"renderD{minor}", $"card{minor - FirstMinor}");
        foreach (var name in new[] { render, card })
        {
            Directory.CreateDirectory(Files.Here($"{device}/drm/{name}"));
            Files.Link($"{device}/drm/{name}/device", $"../../../{Path.GetFileName(device)}");
            Files.Link($"sys/class/drm/{name}", $"../../{device["sys/".Length..]}/drm/{name}");
            Files.Put($"dev/dri/{name}", "");
        }
        var node = $"{Topology}/nodes/{NodeOf(number, partition)}";
        Files.Put($"{node}/gpu_id", 40_000 + minor);
        Files.Put($"{node}/name", "ip discovery");
        Files.Put($"{node}/properties", string.Create(CultureInfo.InvariantCulture, $"""
            cpu_cores_count 0
            simd_count {SimdsPerPartition * 8 / Partitions}
            mem_banks_count 1
            io_links_count {count}
            simd_per_cu 4
            gfx_target_version 90402
            vendor_id 4098
            device_id 29857
            location_id {((long)partition << 28) | ((long)Bus << 8)}
            domain 0
            drm_render_minor {minor}
            hive_id 17
            unique_id {0x5a_0000_0000 + number}
            num_xcc {8 / Partitions}
            """));
        Files.Put($"{node}/mem_banks/0/properties", string.Create(CultureInfo.InvariantCulture, $"heap_type 1\nsize_in_bytes {Memory / Partitions}\nflags 0"));
        WriteLink($"{node}/io_links/0", NodeOf(number, partition), NumaNode ?? 0, 2, 20, 64_000);
        for (var (peer, link) = (0, 1); peer < count; peer++)
        {
            if (peer != number)
                WriteLink($"{node}/io_links/{link++}", NodeOf(number, partition), NodeOf(peer, partition), 11, 15, 50_000);
        }
    }

    private void WriteLink(string folder, int from, int to, int type, int weight, int bandwidth) => Files.Put($"{folder}/properties", string.Create(CultureInfo.InvariantCulture,
        $"type {type}\nversion_major 0\nversion_minor 0\nnode_from {from}\nnode_to {to}\nweight {weight}\nmin_bandwidth {bandwidth}\nmax_bandwidth {bandwidth}\nflags 1"));

    private void WriteErrors(string block) => Files.Put($"{Folder}/ras/{block}_err_count",
        string.Create(CultureInfo.InvariantCulture, $"ue: {_uncorrected.GetValueOrDefault(block)}\nce: {_corrected.GetValueOrDefault(block)}"));

    private void WriteTemperature() => Files.Put($"{Monitor}/temp2_input", Temperature * 1000L);

    /// <summary>A blob of version 1.5: 360 bytes, all set where nothing is told.</summary>
    private void WriteMetrics()
    {
        var blob = new byte[360];
        blob.AsSpan().Fill(0xff);
        void U16(int at, int value) => BinaryPrimitives.WriteUInt16LittleEndian(blob.AsSpan(at), (ushort)value);
        void U64(int at, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(blob.AsSpan(at), value);

        U16(0, blob.Length);
        (blob[2], blob[3]) = (1, 5);
        U16(4, Temperature);
        U16(6, 44);
        U16(10, 310);
        U16(12, 37);
        U16(14, 12);
        U64(88, _energy);
        U16(112, 16);
        U16(114, 320);
        U64(152, 0);
        U64(176, 1024);
        U16(312, 2100);
        U16(352, 1300);
        Files.Put($"{Folder}/gpu_metrics", blob);
    }

    /// <summary>The processors' nodes, and another generation each time that something is another.</summary>
    private void Announce()
    {
        for (var node = 0; node < CpuNodes; node++)
        {
            Files.Put($"{Topology}/nodes/{node}/gpu_id", 0);
            Files.Put($"{Topology}/nodes/{node}/name", "");
            Files.Put($"{Topology}/nodes/{node}/properties", "cpu_cores_count 96\nsimd_count 0\nvendor_id 0\nlocation_id 0\ndomain 0");
        }
        var path = Files.Here($"{Topology}/generation_id");
        var generation = File.Exists(path) && long.TryParse(File.ReadAllText(path), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var before) ? before : 1;
        Files.Put($"{Topology}/generation_id", generation + 1);
        Files.Put($"{Topology}/system_properties", $"platform_oem 0\nplatform_id 0\nplatform_rev {Nodes}");
    }

    public override void Remove()
    {
        for (var partition = 0; partition < Partitions; partition++)
        {
            var minor = MinorOf(partition);
            Files.Remove($"{Topology}/nodes/{NodeOf(number, partition)}");
            foreach (var name in new[] { $"renderD{minor}", $"card{minor - FirstMinor}" })
            {
                Files.Remove($"sys/class/drm/{name}");
                Files.Remove($"dev/dri/{name}");
            }
            if (partition > 0)
                Files.Remove($"sys/devices/platform/amdgpu_xcp_{number * 8 + partition}");
        }
        RemoveFunction("amdgpu");
        Announce();
    }

    /// <summary><c>ecc uncorrected|corrected BLOCK COUNT</c>, <c>temperature C</c>, <c>reset</c>, <c>xgmi-error 0..2</c>.</summary>
    public override bool Apply(ReadOnlySpan<string> words)
    {
        switch (words)
        {
            case ["ecc", "uncorrected" or "corrected", var block, var text] when long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var more):
                var counts = words[1] == "uncorrected" ? _uncorrected : _corrected;
                counts[block] = counts.GetValueOrDefault(block) + more;
                WriteErrors(block);
                return true;
            case ["temperature", var text] when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var degrees):
                Temperature = degrees;
                WriteTemperature();
                WriteMetrics();
                return true;
            case ["xgmi-error", "0" or "1" or "2"]:
                Files.Put($"{Folder}/xgmi_error", words[1]);
                return true;
            case ["reset"]:
                _energy = 10;
                WriteMetrics();
                return true;
            default:
                return base.Apply(words);
        }
    }
}
