using AIInfra.Core.Hosting;

namespace AIInfra.Core.VendorHost;

/// <summary>The kernel module that a vendor's library talks to, as sysfs shows it. Reads one small file; touches no device.</summary>
internal sealed class KernelModule(HostPaths host, string name)
{
    private readonly string _version = Path.Combine(host.Sys, "module", name, "version");

    /// <summary>Null when the module is not loaded, or says none.</summary>
    internal string? ReadVersion()
    {
        try
        {
            return File.ReadAllText(_version).Trim() is { Length: > 0 } text ? text : null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
