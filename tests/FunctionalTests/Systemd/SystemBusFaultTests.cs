using System.Net.Sockets;
using AIInfra.Linux.Systemd;

namespace AIInfra.FunctionalTests.Systemd;

/// <summary>Buses that are not there, refuse or hang: each says one clear reason, in time.</summary>
public sealed class SystemBusFaultTests : IDisposable
{
    private static readonly BusMethod Ping = new("org.freedesktop.DBus", "/", "org.freedesktop.DBus.Peer", "Ping");
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("bus-");
    private string Address => Path.Combine(_folder.FullName, "system_bus_socket");

    public void Dispose() => _folder.Delete(recursive: true);

    private static Task<BusException> RefusalAsync(SystemBus bus, TimeSpan timeout) =>
        Assert.ThrowsAsync<BusException>(() => bus.CallAsync(Ping, null, _ => true, timeout, Stop));

    [Fact]
    public async Task Without_a_bus_the_reason_names_the_socket()
    {
        using var bus = new SystemBus(Address);

        var fault = await RefusalAsync(bus, TimeSpan.FromSeconds(5));

        Assert.Equal(BusFate.NotSent, fault.Fate);
        Assert.Equal($"There is no system bus at {Address}: this host does not run systemd with D-Bus, or its run folder is not mounted here.", fault.Message);
    }

    [Fact]
    public async Task A_bus_that_accepts_and_says_nothing_costs_five_seconds()
    {
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(Address));
        listener.Listen();
        using var bus = new SystemBus(Address);
        var started = TimeProvider.System.GetTimestamp();

        var faults = await Task.WhenAll(RefusalAsync(bus, TimeSpan.FromSeconds(30)), RefusalAsync(bus, TimeSpan.FromSeconds(1)));

        Assert.All(faults, fault => Assert.Equal(BusFate.NotSent, fault.Fate));
        Assert.Contains("did not answer within 5 s", faults[0].Message, StringComparison.Ordinal);
        Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(15));
    }

    [Fact]
    public async Task What_stands_there_and_is_no_bus_is_refused()
    {
        await File.WriteAllTextAsync(Address, "", Stop);
        using var bus = new SystemBus(Address);

        var fault = await RefusalAsync(bus, TimeSpan.FromSeconds(5));

        Assert.Equal(BusFate.NotSent, fault.Fate);
        Assert.Contains("cannot be used", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bus_that_ends_between_two_calls_is_noticed()
    {
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(Address));
        listener.Listen();
        using var bus = new SystemBus(Address);
        var call = RefusalAsync(bus, TimeSpan.FromSeconds(30));

        (await listener.AcceptAsync(Stop)).Dispose();

        Assert.Equal(BusFate.NotSent, (await call).Fate);
    }

    [Fact]
    public async Task Disposed_it_answers_what_still_waits_and_takes_nothing_more()
    {
        var bus = new SystemBus(Address);
        await RefusalAsync(bus, TimeSpan.FromSeconds(5));

        bus.Dispose();

        Assert.Throws<ObjectDisposedException>(() => { _ = bus.CallAsync(Ping, null, _ => true, TimeSpan.FromSeconds(1), Stop); });
    }
}
