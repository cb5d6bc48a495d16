using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Metrics;
using AIInfra.Core.Sampling;
using AIInfra.Core.Web;
using AIInfra.Vendors.Nvidia;
using AIInfra.Vendors.Nvidia.Metrics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.FunctionalTests.Metrics;

/// <summary>A page of NVIDIA boards behind the daemon's own server, on a port of its own.</summary>
internal sealed class ScrapeHost : IAsyncDisposable
{
    private readonly WebListener _listener;
    private readonly MetricsPage _page;

    private ScrapeHost(WebListener listener, MetricsPage page, MetricsSources sources, int port) =>
        (_listener, _page, Sources, Port) = (listener, page, sources, port);

    public MetricsSources Sources { get; }
    public int Port { get; }

    /// <param name="prepare">May change a request before it is answered.</param>
    /// <param name="time">By which readers are late.</param>
    public static async Task<ScrapeHost> StartAsync(string[] profiles, int devices, Action<HttpRequest>? prepare = null, TimeProvider? time = null)
    {
        var sources = new MetricsSources(new InventoryBoard(), new SampleBoard(), new HealthBoard(TimeProvider.System, "boot", []), new WorkerBoard());
        var all = NvidiaProfiles.All(new NvidiaCounts(TimeSpan.FromMinutes(5), TimeProvider.System), TimeProvider.System, null);
        var page = new MetricsPage(sources, new MetricsPageOptions
        {
            Profiles = [.. profiles.SelectMany(name => all.Where(profile => profile.Name == name))],
            Hostname = "node-1",
            Version = "1.2.3",
            MaxSampleAge = TimeSpan.FromHours(1),
            MaxSeries = 1_000_000,
        }, TimeProvider.System);
        var answer = new ScrapeAnswer(page, time ?? TimeProvider.System);
        var port = FreePort();
        var listener = await WebListener.StartAsync(kestrel => kestrel.Listen(IPAddress.Loopback, port), context =>
        {
            prepare?.Invoke(context.Request);
            return answer.AnswerAsync(context);
        }, fault => fault.Message, NullLoggerFactory.Instance, TestContext.Current.CancellationToken);
        var host = new ScrapeHost(listener, page, sources, port);
        host.Fill(devices);
        return host;
    }

    public async ValueTask DisposeAsync()
    {
        await _listener.DisposeAsync();
        _page.Dispose();
        Sources.Health.Dispose();
    }

    /// <summary>Boards with hostile names, all of whose readings are present.</summary>
    private void Fill(int count)
    {
        var devices = Enumerable.Range(0, count).Select(index => new Device
        {
            Id = $"GPU-00000000-0000-0000-0000-{index:d12}",
            Vendor = "nvidia",
            Model = index % 2 == 0 ? "NVIDIA H100 80GB HBM3" : "a \"hostile\" \\ name\nwith lines, } and \u0007",
            ResourceName = "nvidia.com/gpu",
            Index = index,
            NodeName = $"nvidia{index}",
            PciAddress = $"0000:{index % 256:x2}:00.0",
        }).ToImmutableArray();
        Sources.Inventory.Publish(new VendorInventory { Vendor = "nvidia", State = VendorState.Ready, DriverVersion = "570.124.06", Devices = devices });
        var readings = NvidiaFields.Table.Fields.Select((_, place) => Reading.Of(place + 0.5)).ToArray();
        Sources.Samples.Publish(new VendorSample(NvidiaFields.Table, [.. devices.Select(device => new DeviceSample(device.Id, readings, TimeProvider.System.GetTimestamp()))]));
    }

    internal static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
