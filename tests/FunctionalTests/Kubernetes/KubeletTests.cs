using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Kubernetes;

/// <summary>Eight devices, and one of the stand-in kubelets, which is started when a test first asks for it.</summary>
public abstract class KubeletTests : IAsyncLifetime
{
    private protected KubeletRig Rig { get; } = new();
    private KubeletPeer? _kubelet;
    private protected KubeletPeer Kubelet => _kubelet ??= StartKubelet(Rig.Root);

    private protected abstract KubeletPeer StartKubelet(string root);

    public ValueTask InitializeAsync()
    {
        Rig.Inventory.Publish(TestGpus.Inventory(TestGpus.Switched(8)));
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (_kubelet is not null)
            await _kubelet.DisposeAsync();
        await Rig.DisposeAsync();
    }
}
