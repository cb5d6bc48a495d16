using System.Globalization;
using System.Net.Sockets;
using System.Text;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Linux.Systemd;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Systemd;

/// <summary>A socket as systemd gives it stands in for systemd: what the agent tells it, and when it stops telling.</summary>
public sealed class ServiceManagerLinkTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("notify-");
    private readonly Socket _manager = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 10_000 };
    private readonly ManualTime _time = new(new DateTimeOffset(2026, 2, 3, 4, 5, 6, TimeSpan.Zero));

    public ServiceManagerLinkTests() => _manager.Bind(new UnixDomainSocketEndPoint(Address));

    public void Dispose()
    {
        _manager.Dispose();
        _folder.Delete(recursive: true);
    }

    private string Address => Path.Combine(_folder.FullName, "notify");

    private ServiceNotifier Open(string? microseconds = "30000000", string? process = null, string? address = null) => ServiceNotifier.Open(name => name switch
    {
        "NOTIFY_SOCKET" => address ?? Address,
        "WATCHDOG_USEC" => microseconds,
        "WATCHDOG_PID" => process,
        _ => null,
    });

    private string Heard()
    {
        var buffer = new byte[4096];
        return Encoding.UTF8.GetString(buffer, 0, _manager.Receive(buffer));
    }

    private ServiceManagerLink Link(ServiceNotifier notifier, Heartbeats beats, RecordedLog<ServiceManagerLink> log, Func<string>? status = null) =>
        new(notifier, new HealthBoard(_time, "boot-a", []), beats, () => true, status ?? (() => "8 devices"), _time, log);

    [Fact]
    public void It_is_told_that_the_agent_lives_and_its_status_when_that_changes()
    {
        using var notifier = Open();
        var status = "8 devices, 0 problems";
        var link = Link(notifier, new Heartbeats(_time), new RecordedLog<ServiceManagerLink>(), () => status);

        notifier.Ready("Started");
        link.Tell();
        link.Tell();
        status = "8 devices,\n1 problem";
        link.Tell();
        notifier.Stopping();

        Assert.Equal(["READY=1\nSTATUS=Started", "WATCHDOG=1", "STATUS=8 devices, 0 problems", "WATCHDOG=1", "WATCHDOG=1", "STATUS=8 devices, 1 problem", "STOPPING=1\nSTATUS=Stopping"],
            Enumerable.Range(0, 7).Select(_ => Heard()));
    }

    [Fact]
    public void A_loop_that_is_stuck_is_named_once_and_the_watchdog_hears_nothing_until_it_goes_round_again()
    {
        using var notifier = Open();
        var beats = new Heartbeats(_time);
        var log = new RecordedLog<ServiceManagerLink>();
        var link = Link(notifier, beats, log);
        beats.Beat("vendor acme", TimeSpan.FromMinutes(1));
        link.Tell();
        Assert.Equal(["WATCHDOG=1", "STATUS=8 devices"], [Heard(), Heard()]);

        _time.Advance(TimeSpan.FromSeconds(61));
        link.Tell();
        link.Tell();
        notifier.Status("mark");
        Assert.Equal("STATUS=mark", Heard());
        Assert.Equal("The loop 'vendor acme' has not gone round for 61 s: it is stuck, and systemd starts the agent again", Assert.Single(log.Lines).Text);

        beats.Beat("vendor acme", TimeSpan.FromMinutes(1));
        link.Tell();
        Assert.Equal("WATCHDOG=1", Heard());
        _time.Advance(TimeSpan.FromSeconds(61));
        beats.End("vendor acme");
        link.Tell();
        Assert.Equal("WATCHDOG=1", Heard());
    }

    [Fact]
    public void A_watchdog_of_another_process_and_a_bad_time_ask_for_nothing()
    {
        using var another = Open(process: "1");
        using var ours = Open(process: Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        using var bad = Open(microseconds: "soon");
        using var zero = Open(microseconds: "0");

        Assert.Equal([null, TimeSpan.FromSeconds(30), null, null], [another.Watchdog, ours.Watchdog, bad.Watchdog, zero.Watchdog]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("vsock:2:1234")]
    [InlineData("/no/such/socket")]
    public async Task Where_nobody_listens_there_is_nothing_to_do(string address)
    {
        using var notifier = Open(address: address);

        await Link(notifier, new Heartbeats(_time), new RecordedLog<ServiceManagerLink>()).RunAsync(TestContext.Current.CancellationToken);
        notifier.Ready("Started");

        Assert.False(notifier.IsHeard);
    }

    [Fact]
    public void An_abstract_socket_is_reached()
    {
        using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 10_000 };
        var name = $"aiinfra-test-{Guid.NewGuid()}";
        manager.Bind(new UnixDomainSocketEndPoint('\0' + name));
        using var notifier = Open(address: '@' + name);

        notifier.Alive();

        Assert.True(notifier.IsHeard);
        Assert.Equal("WATCHDOG=1"u8.Length, manager.Receive(new byte[64]));
    }
}
