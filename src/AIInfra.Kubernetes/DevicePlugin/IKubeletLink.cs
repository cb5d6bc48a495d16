using AIInfra.Core.Hosting;
using AIInfra.Grpc;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>What <see cref="KubeletRegistration"/> does to the world: serve one resource, and tell the kubelet where.</summary>
internal interface IKubeletLink
{
    /// <summary>Starts a server on a new socket; it accepts when this returns.</summary>
    /// <exception cref="IOException">The folder cannot take a socket.</exception>
    /// <exception cref="AnotherAgentException">The folder is another agent's.</exception>
    Task<IServedResource> ServeAsync(CancellationToken cancellationToken);

    /// <summary>Calls Register. The kubelet dials the endpoint before it answers.</summary>
    /// <exception cref="GrpcException">The kubelet refused, is not there or gave no answer in time.</exception>
    Task RegisterAsync(string endpoint, CancellationToken cancellationToken);
}

/// <summary>A server on its own socket. Disposing it ends its streams and removes the socket.</summary>
internal interface IServedResource : IAsyncDisposable
{
    /// <summary>File name of the socket, in the kubelet's folder.</summary>
    string Endpoint { get; }
    Latest<OpenStreams> Streams { get; }
}
