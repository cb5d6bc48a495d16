using System.Text;
using AIInfra.Core.Health;

namespace AIInfra.Kubernetes.Reporting;

/// <summary>Which node condition a problem feeds: exactly one. Also the source of the table in the docs.</summary>
public static class ConditionTable
{
    public const string Accelerator = "AcceleratorHealthy", Fabric = "FabricHealthy", Runtime = "RuntimeHealthy", Storage = "StorageHealthy", Kernel = "KernelHealthy";

    /// <summary>In the order in which they are shown.</summary>
    public static IReadOnlyList<string> Types { get; } = [Accelerator, Fabric, Runtime, Storage, Kernel];

    /// <summary>The first row whose prefix the id has decides.</summary>
    public static IReadOnlyList<(string Prefix, string Type)> Rows { get; } =
    [
        ("nvidia.nvlink", Fabric), ("nvidia.fabric", Fabric), ("nvidia.sxid.", Fabric), ("rdma.", Fabric), ("net.", Fabric),
        ("kubelet.", Runtime), ("runtime.", Runtime), ("cni.", Runtime), ("time.", Runtime), ("dns.", Runtime), ("registry.", Runtime), ("p2p.", Runtime),
        ("nvidia.service-down", Runtime),
        ("disk.", Storage), ("fs.", Storage), ("mount.", Storage),
        ("kernel.", Kernel), ("memory.", Kernel), ("cpu.", Kernel),
    ];

    /// <summary>Ids without a row go by what they are on: a device's faults are the accelerators', unless their cause is the fabric.</summary>
    public static string TypeOf(Problem problem)
    {
        foreach (var (prefix, type) in Rows)
        {
            if (problem.Id.StartsWith(prefix, StringComparison.Ordinal))
                return type;
        }
        return (problem.Subject.Kind, problem.Cause) switch
        {
            (_, Cause.Fabric) or (SubjectKind.Port, _) => Fabric,
            (SubjectKind.Device, _) or (_, Cause.Hardware or Cause.Driver or Cause.Application) => Accelerator,
            (SubjectKind.Mount, _) => Storage,
            (SubjectKind.Unit, _) => Runtime,
            _ => Kernel,
        };
    }

    /// <summary>The beginnings of the ids that feed a condition.</summary>
    public static IReadOnlyList<string> FeedsOf(string type) =>
    [
        .. Rows.Where(row => row.Type == type).Select(row => $"{row.Prefix}*"),
        .. type == Accelerator ? (string[])["every other problem of a device"] : [],
    ];

    /// <summary>As Kubernetes wants a reason: <c>nvidia.xid.79</c> is <c>NvidiaXid79</c>.</summary>
    public static string Reason(string problemId)
    {
        var reason = new StringBuilder();
        var isStart = true;
        foreach (var letter in problemId)
        {
            if (!char.IsAsciiLetterOrDigit(letter))
            {
                isStart = true;
                continue;
            }
            if (reason.Length == 0 && char.IsAsciiDigit(letter))
                reason.Append("Problem"); // it must begin with a letter
            reason.Append(isStart ? char.ToUpperInvariant(letter) : letter);
            isStart = false;
        }
        return BoundReason(reason.ToString());
    }

    /// <summary>Not empty and not longer than the API server takes.</summary>
    public static string BoundReason(string reason) => reason.Length switch { 0 => "Problem", > 120 => reason[..120], _ => reason };
}
