using AIInfra.Core.Hosting;
using AIInfra.Grpc;
using AIInfra.Kubernetes.Protos.PluginRegistration.V1;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <param name="Asked">The kubelet has found the socket and asked what it is.</param>
/// <param name="Refusal">Why the kubelet did not register it; null when it did, or has not said yet.</param>
internal sealed record RegistryProgress(bool Asked, string? Refusal);

/// <summary>Answers a kubelet that found the socket of one resource in its registry: at once, for it takes back the registration of a plugin
/// that is slow to hear of it.</summary>
internal sealed class RegistryAnswers(string resource)
{
    private readonly Lock _gate = new();

    public Latest<RegistryProgress> Current { get; } = new(new RegistryProgress(false, null));

    public GrpcServiceTable AddTo(GrpcServiceTable methods) => methods
        .Unary(PluginRegistrationApi.GetInfo, (_, _) =>
        {
            Change(now => now with { Asked = true });
            return Task.FromResult(new PluginInfo { Type = PluginRegistrationApi.DevicePlugin, Name = resource, SupportedVersions = { DevicePluginApi.Version } });
        })
        .Unary(PluginRegistrationApi.Notify, (status, _) =>
        {
            Change(_ => new RegistryProgress(true, status.PluginRegistered ? null : status.Error.Length > 0 ? status.Error : "it gave no reason"));
            return Task.FromResult(new RegistrationStatusResponse());
        });

    private void Change(Func<RegistryProgress, RegistryProgress> change)
    {
        lock (_gate)
        {
            var next = change(Current.Value);
            if (next != Current.Value)
                Current.Publish(next);
        }
    }
}
