using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.VendorFiles;

namespace AIInfra.Vendors.Intel;

/// <summary>Files of a GPU's hardware monitors, by the fields that they are for.</summary>
internal sealed record IntelSensors(
    ImmutableArray<(string Field, double Scale, string File)> Numbers, ImmutableArray<(string Energy, string Power, string File)> Energies, ImmutableArray<string> Fans)
{
    private const int MostFans = 4;

    private static IntelSensors None { get; } = new([], [], []);

    /// <summary>i915 and xe count their sensors differently: see the kernel's sysfs-driver-intel-i915-hwmon and -xe-hwmon.</summary>
    public static IntelSensors OfBoard(KernelTree sys, string folder)
    {
        if (Monitors(sys, folder).FirstOrDefault(monitor => monitor.Name is "i915" or "xe") is not { Folder: { } own, Name: var name })
            return None;
        string? There(params string[] files) => files.Select(file => $"{own}/{file}").FirstOrDefault(sys.Has);
        var numbers = ImmutableArray.CreateBuilder<(string, double, string)>();
        void Add(string field, double scale, string? file)
        {
            if (file is not null)
                numbers.Add((field, scale, file));
        }

        var isXe = name == "xe";
        Add("power_limit_watts", 1e-6, There("power1_max", "power2_max"));
        Add("power_limit_default_watts", 1e-6, There("power1_rated_max"));
        Add("voltage_volts", 1e-3, isXe ? There("in1_input", "in0_input") : There("in0_input"));
        Add("temperature_celsius", 1e-3, isXe ? There("temp2_input") : There("temp1_input"));
        Add("memory_temperature_celsius", 1e-3, isXe ? There("temp3_input") : null);
        Add("temperature_max_celsius", 1e-3, isXe ? There("temp2_max") : null);
        Add("temperature_shutdown_celsius", 1e-3, isXe ? There("temp2_emergency") : null);
        var energies = ImmutableArray.CreateBuilder<(string, string, string)>();
        var package = isXe ? There("energy2_input") : null;
        if ((There("energy1_input") ?? package) is { } card)
            energies.Add(("energy_joules_total", "power_watts", card));
        if (package is not null)
            energies.Add(("package_energy_joules_total", "package_power_watts", package));
        return new IntelSensors(numbers.ToImmutable(), energies.ToImmutable(),
            [.. Enumerable.Range(1, MostFans).Select(fan => There(string.Create(CultureInfo.InvariantCulture, $"fan{fan}_input"))).OfType<string>()]);
    }

    /// <summary>i915 has a monitor for each GT of a board with several: <c>i915_gt1</c>.</summary>
    public static IntelSensors OfTile(KernelTree sys, string folder, ImmutableArray<IntelGt> gts) => new([],
        [.. from monitor in Monitors(sys, folder)
            where gts.Any(gt => monitor.Name == $"i915_{Path.GetFileName(gt.Folder)}")
            where sys.Has($"{monitor.Folder}/energy1_input")
            select ("energy_joules_total", "power_watts", $"{monitor.Folder}/energy1_input")], []);

    private static IEnumerable<(string Folder, string? Name)> Monitors(KernelTree sys, string folder) =>
        sys.Names($"{folder}/hwmon").Select(name => ($"{folder}/hwmon/{name}", sys.Text($"{folder}/hwmon/{name}/name")));
}
