using System.Globalization;
using AIInfra.Core.Hosting;

namespace AIInfra.Agent.Control;

/// <summary>What processes are called, as the host's procfs has it (<c>/proc/ID/comm</c>, at most 15 bytes). Set by the process: escape it wherever it is shown.</summary>
internal sealed class ProcessNames(HostPaths host)
{
    /// <summary>Null when there is no such process any more.</summary>
    public string? Of(int id)
    {
        try
        {
            return File.ReadAllText(Path.Combine(host.Proc, id.ToString(CultureInfo.InvariantCulture), "comm")).TrimEnd('\n');
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
