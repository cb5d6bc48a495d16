using System.Collections.Immutable;
using AIInfra.Core.Devices;

namespace AIInfra.Core.Remediation.Actions;

/// <summary><c>reload-driver MODULE…</c>: unloads kernel modules in this order, the one that others need last, and loads that one again with what depends on it. All devices
/// of the vendor go with it.</summary>
internal static class ReloadDriver
{
    public const string Name = "reload-driver";

    /// <summary>For the devices of one vendor, with the modules that the policy names.</summary>
    public static ResetPlan Plan(VendorInventory inventory, ImmutableArray<string> modules, ImmutableArray<string> services) => new(
        null, [.. inventory.Devices.Where(one => one.ParentId is null)],
        [new CommandMove("modprobe", ["-r", .. modules]), .. Enumerable.Reverse(modules).Select(module => new CommandMove("modprobe", [module]))], services);

    public static string? Refuse(ImmutableArray<string> modules) =>
        modules.IsEmpty ? "name the modules, those that need others first: nvidia_uvm nvidia_drm nvidia_modeset nvidia"
        : modules.FirstOrDefault(module => module.Length > 64 || module.Length == 0 || !module.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-') || module[0] == '-') is { } bad
            ? $"'{bad}' is no name of a kernel module" : null;
}
