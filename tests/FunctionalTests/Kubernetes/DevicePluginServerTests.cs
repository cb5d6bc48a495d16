using System.Net.Sockets;
using AIInfra.Grpc;
using AIInfra.Kubernetes.DevicePlugin;
using AIInfra.Kubernetes.Protos.DevicePlugin.V1Beta1;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Kubernetes;

/// <summary>What needs no kubelet but the folder's sockets.</summary>
public sealed class DevicePluginServerTests
{
    [Fact]
    public async Task Sockets_of_dead_agents_are_removed_at_the_start_and_those_of_living_ones_are_not()
    {
        await using var rig = new KubeletRig();
        Directory.CreateDirectory(rig.Folder);
        var (dead, alive) = (Path.Combine(rig.Folder, "aiinfra-dead.sock"), Path.Combine(rig.Folder, "aiinfra-alive.sock"));
        using var living = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        living.Bind(new UnixDomainSocketEndPoint(alive));
        living.Listen();
        using (var dying = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dying.Bind(new UnixDomainSocketEndPoint(dead + ".moved")); // .NET removes the file it bound, so another name
            File.Move(dead + ".moved", dead);
        }

        rig.Start();
        await rig.Log.NextAsync("Removed 1 sockets");

        Assert.Equal(["aiinfra-alive.sock"], rig.Sockets);
    }

    [Fact]
    public void A_socket_path_fits_the_kernels_limit_and_is_never_used_twice()
    {
        var folder = "/" + new string('f', 70);
        var resource = $"{new string('d', 200)}.com/gpu";

        var (one, two) = (DevicePluginServer.NewPath(folder, resource), DevicePluginServer.NewPath(folder, resource));

        Assert.NotEqual(one, two);
        Assert.True(one.Length <= 107, one);
        Assert.Throws<IOException>(() => DevicePluginServer.NewPath("/" + new string('f', 100), resource));
    }

    [Fact]
    public async Task Several_streams_are_each_told_the_whole_truth()
    {
        await using var rig = new KubeletRig();
        rig.Inventory.Publish(TestGpus.Inventory(TestGpus.Switched(8)));
        await using var kubelet = KubeletPeer.Python(rig.Root);
        await kubelet.NextAsync("listening");
        rig.Start();
        var endpoint = (await kubelet.NextAsync("registered")).Endpoint();
        using var channel = GrpcChannel.ForUnixSocket(Path.Combine(rig.Folder, endpoint));
        await using var one = Stream(channel);
        await using var two = Stream(channel);
        Assert.All([await NextAsync(one), await NextAsync(two)], list => Assert.Equal(8, list.Devices.Count));

        rig.Health.Report(TestGpus.Fatal(TestGpus.Id(3)));

        Assert.All([await NextAsync(one), await NextAsync(two)],
            list => Assert.Equal([TestGpus.Id(3)], list.Devices.Where(device => device.Health == "Unhealthy").Select(device => device.ID)));
    }

    [Fact]
    public async Task The_stand_in_kubelet_tells_a_human_what_happens()
    {
        await using var rig = new KubeletRig();
        rig.Inventory.Publish(TestGpus.Inventory(TestGpus.Switched(8)));
        await using var kubelet = PeerProcess.Node("kubelet.mjs", "--human", "--root", rig.Root);
        rig.Start();

        Assert.Equal("acme.com/gpu registered, 8 devices, 8 Healthy", await kubelet.WaitForLineAsync("kubelet:", TestContext.Current.CancellationToken));
        rig.Health.Report(TestGpus.Fatal(TestGpus.Id(3)));
        Assert.Equal($"{TestGpus.Id(3)} is Unhealthy", await kubelet.WaitForLineAsync("kubelet:", TestContext.Current.CancellationToken));
        await rig.StopAsync();
        Assert.Equal("acme.com/gpu: the stream ended, its devices count as Unhealthy", await kubelet.WaitForLineAsync("kubelet:", TestContext.Current.CancellationToken));
    }

    private static IAsyncEnumerator<ListAndWatchResponse> Stream(GrpcChannel channel) =>
        channel.ServerStreamingAsync(DevicePluginApi.ListAndWatch, new Empty(), cancellationToken: TestContext.Current.CancellationToken)
            .GetAsyncEnumerator(TestContext.Current.CancellationToken);

    private static async Task<ListAndWatchResponse> NextAsync(IAsyncEnumerator<ListAndWatchResponse> stream)
    {
        Assert.True(await stream.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        return stream.Current;
    }
}
