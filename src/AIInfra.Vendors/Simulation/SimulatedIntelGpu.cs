using System.Globalization;

namespace AIInfra.Vendors.Simulation;

/// <summary>An Intel GPU as i915 (a Max 1550 with two tiles, under Intel's own build of the driver) or xe (an Arc Pro B60) shows it.</summary>
public sealed class SimulatedIntelGpu(SimulatedFiles files, int slot, int number, bool isXe) : SimulatedBoard(files, slot)
{
    private const int FirstCard = 100, FirstRender = 228, FirstMonitor = 200; // apart from other vendors'
    private const long Memory = 64L << 30, XeMemory = 24L << 30;

    private static readonly string[] Errors = ["fatal_guc", "sgunit_fatal", "sgunit_nonfatal", "correctable_l3_sng", "driver_ggtt", "engine_reset"];

    private readonly Dictionary<string, long> _errors = new(StringComparer.Ordinal);
    private long _energy = 5_000_000, _idle = 1_000;

    public override string Kind => "intel";

    /// <summary>As a node's name has it: <c>max1550</c>.</summary>
    public string Model => isXe ? "b60" : "max1550";

    private string Driver => isXe ? "xe" : "i915";
    private int Tiles => isXe ? 1 : 2;
    private string Card => string.Create(CultureInfo.InvariantCulture, $"card{FirstCard + number}");
    private string Render => string.Create(CultureInfo.InvariantCulture, $"renderD{FirstRender + number}");
    private string Drm => $"{Folder}/drm/{Card}";
    private string Monitor => string.Create(CultureInfo.InvariantCulture, $"{Folder}/hwmon/hwmon{FirstMonitor + number}");
    private string GtFolder(int gt) => isXe ? string.Create(CultureInfo.InvariantCulture, $"{Folder}/tile0/gt{gt}") : string.Create(CultureInfo.InvariantCulture, $"{Drm}/gt/gt{gt}");

    public override void Write()
    {
        WriteFunction("8086", isXe ? "e211" : "0bd5", isXe ? "0x030000" : "0x038000", Driver);
        Files.Put($"sys/module/{Driver}/srcversion", "0123456789ABCDEF");
        if (!isXe)
            Files.Put("sys/module/i915/version", "backported to 5.15");
        Files.Put($"{Folder}/sriov_numvfs", 0);
        WriteNodes();
        for (var gt = 0; gt < 2; gt++)
            WriteGt(gt);
        if (isXe)
            Files.Put($"{Folder}/tile0/physical_vram_size_bytes", string.Create(CultureInfo.InvariantCulture, $"0x{XeMemory:x}"));
        else
            Files.Put($"{Drm}/lmem_total_bytes", Memory * Tiles);
        WriteMonitor();
    }

    private void WriteNodes()
    {
        foreach (var name in new[] { Card, Render })
        {
            Directory.CreateDirectory(Files.Here($"{Folder}/drm/{name}"));
            Files.Link($"{Folder}/drm/{name}/device", $"../../../{Address}");
            Files.Link($"sys/class/drm/{name}", $"../../{Folder["sys/".Length..]}/drm/{name}");
            Files.Put($"dev/dri/{name}", "");
            Files.Link($"dev/dri/by-path/pci-{Address}-{(name == Card ? "card" : "render")}", $"../{name}");
        }
    }

    /// <summary>Of i915 each is a tile; of xe the second is the media GT.</summary>
    private void WriteGt(int gt)
    {
        var own = GtFolder(gt);
        foreach (var (i915, xe, value) in new[] { ("rps_act_freq_mhz", "act_freq", 1400), ("rps_cur_freq_mhz", "cur_freq", 1500), ("rps_max_freq_mhz", "max_freq", 1600), ("rps_RP0_freq_mhz", "rp0_freq", 1600) })
            Files.Put(isXe ? $"{own}/freq0/{xe}" : $"{own}/{i915}", value - 100 * gt);
        var reasons = isXe ? $"{own}/freq0/throttle/" : $"{own}/throttle_reason_";
        foreach (var reason in new[] { "status", "pl1", "pl2", "pl4", "thermal", "prochot", "ratl", "vr_thermalert", "vr_tdc" })
            Files.Put(isXe && reason != "status" ? $"{reasons}reason_{reason}" : reasons + reason, 0);
        if (isXe)
            Files.Put($"{own}/gtidle/name", gt == 0 ? "gt0-rc" : "gt1-mc");
        else
        {
            foreach (var error in Errors)
                Files.Put($"{own}/error_counter/{error}", gt == 0 ? _errors.GetValueOrDefault(error) : 0);
            Files.Put(string.Create(CultureInfo.InvariantCulture, $"{Folder}/hwmon/hwmon{FirstMonitor + 100 + 2 * number + gt}/name"), string.Create(CultureInfo.InvariantCulture, $"i915_gt{gt}"));
            Files.Put(string.Create(CultureInfo.InvariantCulture, $"{Folder}/hwmon/hwmon{FirstMonitor + 100 + 2 * number + gt}/energy1_input"), _energy / 3);
        }
        WriteIdle(gt);
    }

    private void WriteIdle(int gt) => Files.Put(isXe ? $"{GtFolder(gt)}/gtidle/idle_residency_ms" : $"{GtFolder(gt)}/rc6_residency_ms", _idle);

    private void WriteMonitor()
    {
        Files.Put($"{Monitor}/name", Driver);
        Files.Put($"{Monitor}/energy1_input", _energy);
        Files.Put($"{Monitor}/power1_max", isXe ? 200_000_000 : 600_000_000);
        Files.Put($"{Monitor}/power1_rated_max", isXe ? 200_000_000 : 600_000_000);
        Files.Put(isXe ? $"{Monitor}/in1_input" : $"{Monitor}/in0_input", 820);
        if (isXe)
        {
            Files.Put($"{Monitor}/energy2_input", _energy / 2);
            Files.Put($"{Monitor}/temp3_input", 58_000);
            Files.Put($"{Monitor}/temp2_max", 100_000);
            Files.Put($"{Monitor}/temp2_emergency", 115_000);
            Files.Put($"{Monitor}/fan1_input", 1_800);
            Files.Put($"{Monitor}/fan2_input", 2_100);
        }
        WriteTemperature(52);
    }

    private void WriteTemperature(int degrees) => Files.Put(isXe ? $"{Monitor}/temp2_input" : $"{Monitor}/temp1_input", degrees * 1000L);

    public override void Remove()
    {
        foreach (var name in new[] { Card, Render })
        {
            Files.Remove($"sys/class/drm/{name}");
            Files.Remove($"dev/dri/{name}");
            Files.Remove($"dev/dri/by-path/pci-{Address}-{(name == Card ? "card" : "render")}");
        }
        RemoveFunction(Driver);
    }

    /// <summary><c>error FILE COUNT</c> (of i915), <c>temperature C</c>, <c>work JOULES ASLEEP_MS</c>, <c>throttle thermal|pl1 0|1</c>, <c>vfs COUNT</c>, <c>survivability on|off</c> (of xe), <c>reset</c>.</summary>
    public override bool Apply(ReadOnlySpan<string> words)
    {
        switch (words)
        {
            case ["error", var name, var text] when !isXe && Errors.Contains(name) && Count(text) is { } more:
                _errors[name] = _errors.GetValueOrDefault(name) + more;
                WriteGt(0);
                return true;
            case ["temperature", var text] when Count(text) is { } degrees and < 1000:
                WriteTemperature((int)degrees);
                return true;
            case ["work", var joules, var asleep] when Count(joules) is { } more && Count(asleep) is { } rest:
                (_energy, _idle) = (_energy + more * 1_000_000, _idle + rest);
                Files.Put($"{Monitor}/energy1_input", _energy);
                for (var gt = 0; gt < 2; gt++)
                    WriteIdle(gt);
                return true;
            case ["throttle", "thermal" or "pl1", "0" or "1"]:
                Files.Put(isXe ? $"{GtFolder(0)}/freq0/throttle/reason_{words[1]}" : $"{GtFolder(0)}/throttle_reason_{words[1]}", words[2]);
                return true;
            case ["vfs", var text] when Count(text) is { } functions:
                Files.Put($"{Folder}/sriov_numvfs", functions);
                return true;
            case ["survivability", "on"] when isXe:
                Files.Put($"{Folder}/survivability_mode", "Capability Info: 0x0 - 0x0");
                return true;
            case ["survivability", "off"] when isXe:
                Files.Remove($"{Folder}/survivability_mode");
                return true;
            case ["reset"]:
                _errors.Clear();
                _energy = 1_000;
                Write();
                return true;
            default:
                return base.Apply(words);
        }
    }

    private static long? Count(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
