using System.Collections.Frozen;
using AIInfra.Core.Health;
using AIInfra.Core.Sharing;
using AIInfra.Kubernetes.DevicePlugin;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Kubernetes;

internal static class DeviceLists
{
    public static DeviceList Empty { get; } = DeviceList.Before(TestGpus.Resource, [], 0);

    /// <summary>After a change on a node where all is well and nothing may go.</summary>
    public static DeviceList With(this DeviceList list, OfferedResource offered) => list.With(offered, DeviceHealth.AllHealthy, 0, FrozenSet<GoneUnit>.Empty);
}
