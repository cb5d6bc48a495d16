using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Core.Labels;

namespace AIInfra.Vendors.Nvidia;

/// <summary>Labels by the names and with the values of NVIDIA's GPU feature discovery.</summary>
/// <remarks>Source: NVIDIA k8s-device-plugin 0.20, internal/lm. Where a node has several models of GPU, that feature discovery takes one
/// of them by chance; here it is the one with the most boards. What concerns vGPUs is not told.</remarks>
internal sealed class NvidiaLabels(NvidiaOptions options, HostPaths host) : IFeatureLabels
{
    private const string Prefix = "nvidia.com/", Gpu = NvidiaLibrary.ResourceName;
    private const int LongestMachineType = 4096;

    public string Vendor => NvidiaFields.Table.Vendor;

    public string? TimestampName => options.Labels.HasTimestamp ? Prefix + "gfd.timestamp" : null;

    public ImmutableSortedDictionary<string, string> Make(VendorInventory inventory)
    {
        var labels = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        Device[] boards = [.. inventory.Boards];
        if (boards.Length == 0)
            return labels.ToImmutable();
        AddVersions(labels, inventory.DriverVersion, boards);
        labels[Prefix + "gpu.machine"] = LabelValue.Of(MachineType());
        labels[Prefix + "gpu.mode"] = Mode(boards);
        labels[Prefix + "mig.capable"] = boards.Any(board => board.Traits.ContainsKey(NvidiaTraits.Mig)) ? "true" : "false";
        labels[Prefix + "mps.capable"] = "false";
        if (boards.Select(board => board.Traits.GetValueOrDefault(NvidiaTraits.Clique)).OfType<string>().Distinct().ToArray() is [var clique])
            labels[Prefix + "gpu.clique"] = LabelValue.Of(clique);
        AddBoards(labels, boards, inventory);
        if (options.Mig != MigStrategy.None)
        {
            labels[Prefix + "mig.strategy"] = options.Mig == MigStrategy.Single ? "single" : "mixed";
            AddPartitions(labels, boards, inventory);
        }
        return labels.ToImmutable();
    }

    private static void AddVersions(ImmutableSortedDictionary<string, string>.Builder labels, string? driver, Device[] boards)
    {
        if (driver?.Split('.') is { Length: 2 or 3 } parts)
        {
            var (major, minor, revision) = (LabelValue.Of(parts[0]), LabelValue.Of(parts[1]), parts.Length > 2 ? LabelValue.Of(parts[2]) : "");
            (labels[Prefix + "cuda.driver.major"], labels[Prefix + "cuda.driver.minor"], labels[Prefix + "cuda.driver.rev"]) = (major, minor, revision);
            (labels[Prefix + "cuda.driver-version.major"], labels[Prefix + "cuda.driver-version.minor"], labels[Prefix + "cuda.driver-version.revision"]) = (major, minor, revision);
            labels[Prefix + "cuda.driver-version.full"] = LabelValue.Of(driver);
        }
        if (boards.Select(board => board.Traits.GetValueOrDefault(NvidiaTraits.Cuda)).OfType<string>().FirstOrDefault() is { } cuda && cuda.Split('.') is [var first, var second])
        {
            (labels[Prefix + "cuda.runtime.major"], labels[Prefix + "cuda.runtime.minor"]) = (first, second);
            (labels[Prefix + "cuda.runtime-version.major"], labels[Prefix + "cuda.runtime-version.minor"], labels[Prefix + "cuda.runtime-version.full"]) = (first, second, cuda);
        }
    }

    private void AddBoards(ImmutableSortedDictionary<string, string>.Builder labels, Device[] boards, VendorInventory inventory)
    {
        var model = boards.GroupBy(board => board.Model, StringComparer.Ordinal).OrderByDescending(group => group.Count()).ThenBy(group => group.Key, StringComparer.Ordinal).First();
        var whole = model.FirstOrDefault(board => !IsDivided(board, inventory));
        var shown = whole ?? model.First();
        if (whole is not null)
            AddBase(labels, Gpu, model.Count(), shown.Model);
        else
        {
            AddBase(labels, Gpu, model.Count(), shown.Model);
            labels[Gpu + ".product"] = Product([shown.Model], isShared: false); // a divided board is not shared as a whole
            (labels[Gpu + ".replicas"], labels[Gpu + ".sharing-strategy"]) = ("0", "none");
        }
        if (shown.MemoryBytes is { } bytes)
            labels[Gpu + ".memory"] = Number(bytes >> 20);
        if (shown.Traits.GetValueOrDefault(NvidiaTraits.Compute)?.Split('.') is [var major, var minor] && major != "0")
        {
            (labels[Gpu + ".compute.major"], labels[Gpu + ".compute.minor"]) = (major, minor);
            labels[Gpu + ".family"] = Family(int.Parse(major, CultureInfo.InvariantCulture), int.Parse(minor, CultureInfo.InvariantCulture));
        }
    }

    private void AddPartitions(ImmutableSortedDictionary<string, string>.Builder labels, Device[] boards, VendorInventory inventory)
    {
        var offer = new NvidiaOffers(options.Mig).Decide(inventory);
        foreach (var resource in offer.Resources.Where(resource => resource.Units[0].First.Partition is not null))
        {
            var first = resource.Units[0].First;
            AddBase(labels, resource.Name, resource.Units.Length, first.Model, "MIG", first.Partition!.Profile.Replace('+', '.'));
            foreach (var (name, value) in first.Traits)
                labels[$"{resource.Name}.{name}"] = LabelValue.Of(value);
            if (first.MemoryBytes is { } bytes)
                labels[resource.Name + ".memory"] = Number(bytes >> 20);
        }
        if (options.Mig == MigStrategy.Single && offer.Resources.IsEmpty && boards.FirstOrDefault(board => IsDivided(board, inventory)) is { } divided)
        {
            labels[Gpu + ".product"] = Product([divided.Model, "MIG", "INVALID"], isShared: false);
            (labels[Gpu + ".count"], labels[Gpu + ".replicas"], labels[Gpu + ".sharing-strategy"], labels[Gpu + ".memory"]) = ("0", "0", "", "0");
        }
    }

    private void AddBase(ImmutableSortedDictionary<string, string>.Builder labels, string resource, int count, params ReadOnlySpan<string> product)
    {
        var rule = options.Sharing.Find(resource);
        labels[resource + ".product"] = Product(product, rule is not null && !options.Sharing.RenamesShared);
        labels[resource + ".count"] = Number(count);
        labels[resource + ".replicas"] = Number(rule?.Replicas ?? 1);
        labels[resource + ".sharing-strategy"] = rule is null ? "none" : "time-slicing";
    }

    private static string Product(ReadOnlySpan<string> parts, bool isShared)
    {
        var words = parts.ToArray().Select(LabelValue.Of).Where(word => word.Length > 0);
        return LabelValue.Of(string.Join('-', isShared ? words.Append("SHARED") : words));
    }

    private static bool IsDivided(Device board, VendorInventory inventory) =>
        board.Traits.GetValueOrDefault(NvidiaTraits.Mig) == NvidiaTraits.On || inventory.Devices.Any(device => device.ParentId == board.Id);

    /// <summary>Name of the architecture with this compute capability.</summary>
    internal static string Family(int major, int minor) => (major, minor) switch
    {
        (1, _) => "tesla",
        (2, _) => "fermi",
        (3, _) => "kepler",
        (5, _) => "maxwell",
        (6, _) => "pascal",
        (7, < 5) => "volta",
        (7, _) => "turing",
        (8, < 9) => "ampere",
        (8, _) => "ada-lovelace",
        (9, _) => "hopper",
        (10 or 12, _) => "blackwell",
        (13, _) => "rubin",
        _ => "undefined",
    };

    /// <summary>By the PCI class of all boards: with a display connector, or without.</summary>
    private string Mode(Device[] boards)
    {
        var classes = boards.Select(board => board.PciAddress is { } address ? Read(Path.Combine(host.Sys, "bus/pci/devices", address, "class")) : null).Distinct().ToArray();
        return classes is [{ } only] ? only switch
        {
            _ when only.StartsWith("0x0302", StringComparison.Ordinal) => "compute",
            _ when only.StartsWith("0x0300", StringComparison.Ordinal) => "graphics",
            _ => "unknown",
        } : "unknown";
    }

    private string MachineType()
    {
        const string unknown = "unknown", sysfs = "/sys/";
        var file = options.Labels.MachineTypeFile;
        if (file.Length == 0)
            return unknown;
        return Read(file.StartsWith(sysfs, StringComparison.Ordinal) ? Path.Combine(host.Sys, file[sysfs.Length..]) : Path.Combine(host.Root, file.TrimStart('/'))) ?? unknown;
    }

    private static string? Read(string file)
    {
        try
        {
            return new FileInfo(file) is { Exists: true, Length: <= LongestMachineType } ? File.ReadAllText(file).Trim() : null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
