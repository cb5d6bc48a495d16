namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>Another agent of this kind serves the kubelet: this one offers nothing to it as long as that runs.</summary>
internal sealed class AnotherAgentException(string folder) : Exception(
    $"Another aiinfra-agent serves {folder}. Two at once would take the devices from each other; this one waits until that one has ended. Run one agent for each kubelet.")
{
    /// <summary>From one look whether it has ended to the next.</summary>
    public static readonly TimeSpan Wait = TimeSpan.FromSeconds(2);
}
