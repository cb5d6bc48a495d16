using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AIInfra.Aggregator.Identity;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation;
using AIInfra.Fleet;
using AIInfra.Fleet.Granting;
using AIInfra.Fleet.Reporting;
using AIInfra.Fleet.V1;
using AIInfra.Grpc;
using Google.Protobuf;
using CertificateRequest = System.Security.Cryptography.X509Certificates.CertificateRequest;
using Operation = AIInfra.Fleet.V1.Operation;
using Problem = AIInfra.Fleet.V1.Problem;

namespace AIInfra.Bench.Fleet;

/// <param name="Fault">When the fault came; ticks of <see cref="Stopwatch"/>, both.</param>
internal sealed record CordonAct(long Fault, long Done);

/// <summary>Permission to connect. Real nodes have a processor each; here thousands share the few of one machine, and a handshake that all of them begin at once would end for none in time.</summary>
internal sealed class Turn
{
    private static readonly SemaphoreSlim AtOnce = new(64);

    private int _isHeld;

    public async Task TakeAsync(CancellationToken cancellationToken)
    {
        await AtOnce.WaitAsync(cancellationToken);
        _isHeld = 1;
    }

    public void GiveBack()
    {
        if (Interlocked.Exchange(ref _isHeld, 0) == 1)
            AtOnce.Release();
    }
}

/// <summary>One agent of a simulated fleet: the real stream with its own connection and certificate, on a node that only exists as messages: 8 GPUs, linked, each held by a pod.</summary>
internal sealed class SimulatedAgent
{
    /// <summary>The label of the failure domains: 200 nodes each.</summary>
    public const string Domain = "hall";
    public const int DomainSize = 200;

    private static readonly string[] Models = ["NVIDIA H100 80GB HBM3", "NVIDIA H200", "NVIDIA A100-SXM4-80GB"];

    private const string Fault = "nvidia.xid.79";

    private readonly FleetOptions _options;
    private readonly X509Certificate2 _certificate, _authority;
    private readonly SentStates _sent = new();
    private readonly FleetGrants _grants;
    private readonly NodeState _state;
    private readonly string _incarnation = Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture);
    private volatile FleetState _newest;
    private volatile FleetStream? _stream;
    private volatile CancellationTokenSource? _cut;
    private (IGrant Grant, string Operation)? _held;

    public SimulatedAgent(int number, Authority authority, X509Certificate2 trusted)
    {
        Name = string.Create(CultureInfo.InvariantCulture, $"gpu-{number:00000}");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var signed = authority.SignNode(new CertificateRequest("CN=node", key, HashAlgorithmName.SHA256).CreateSigningRequest(), Name, TimeSpan.FromHours(12));
        (_certificate, _authority) = (signed.CopyWithPrivateKey(key), trusted);
        _options = new FleetOptions { Aggregator = AggregatorUnderTest.Address, Node = Name, Credentials = "", Folder = "", Version = "0.1.0" };
        _grants = new FleetGrants(_options, _ => null, TimeProvider.System);
        _state = Node(number);
        _newest = FleetState.First(_state.Clone());
    }

    public string Name { get; }
    /// <summary>That it is out of service now, by its own doing; null while it is not.</summary>
    public CordonAct? Cordon { get; private set; }
    /// <summary>What the last question was answered with.</summary>
    public string Says { get; private set; } = "";
    public bool IsConnected { get; private set; }

    /// <summary>All of it, as it goes over the wire.</summary>
    public Snapshot ToSnapshot()
    {
        lock (_state)
            return Snapshot.Parser.ParseFrom(_newest.ToSnapshot().ToByteArray());
    }

    /// <summary>Stays connected until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        for (var failures = 0; !cancellationToken.IsCancellationRequested; failures++)
        {
            using var cut = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            _cut = cut;
            var turn = new Turn();
            try
            {
                await turn.TakeAsync(cancellationToken);
                using var channel = GrpcChannel.ForAddress(_options.Aggregator, new() { TrustedAuthority = _authority, ClientCertificate = _certificate, KeepAlive = TimeSpan.FromMinutes(5), ConnectTimeout = TimeSpan.FromSeconds(30) });
                var hello = new Hello { Node = Name, Protocol = 1, LeastProtocol = 1, AgentVersion = "0.1.0", Incarnation = _incarnation, Sequence = _newest.Sequence, UnixMilliseconds = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() };
                _stream = new FleetStream(_options, hello, _sent, () => _newest, _grants, TimeProvider.System);
                await _stream.RunAsync(channel, new GrpcCallOptions(), _ =>
                {
                    IsConnected = true;
                    failures = 0;
                    turn.GiveBack();
                }, cut.Token);
            }
            catch (Exception fault) when (fault is GrpcException or OperationCanceledException)
            {
                // Comes back below.
            }
            finally
            {
                (IsConnected, _cut) = (false, null);
                turn.GiveBack();
            }
            try
            {
                await Task.Delay(TimeSpan.FromSeconds(Math.Min(30, Math.Pow(2, Math.Min(failures + 1, 10))) * Random.Shared.NextDouble()), cancellationToken); // as the agent waits
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>Cuts its connection, as a network does; it comes back by itself.</summary>
    public void Cut()
    {
        try
        {
            _cut?.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It broke by itself meanwhile.
        }
    }

    /// <summary>Raises a fault that bears the moment, or clears the one there is.</summary>
    public void Flip(long stamp)
    {
        lock (_state)
        {
            if (_state.Problems.Count > 0)
                _state.Problems.Clear();
            else
                _state.Problems.Add(new Problem
                {
                    Key = new ProblemKey { Id = Fault, SubjectKind = "device", Subject = _state.Devices[0].Id },
                    Severity = "fatal",
                    Cause = "hardware",
                    Action = "reboot",
                    Message = stamp.ToString(CultureInfo.InvariantCulture),
                    Count = 1,
                    Evidence = { "NVRM: Xid (PCI:0000:1b:00): 79, pid=1234, name=python3, GPU has fallen off the bus." },
                });
            var devices = _state.Devices[0].Clone();
            devices.Healthy = _state.Problems.Count == 0;
            _state.Devices[0] = devices;
            _newest = _newest.Next(_state.Clone());
        }
        _stream?.Look();
    }

    /// <summary>The fault comes now; the node is cordoned as soon as it is granted, or not at all. Asks again until then.</summary>
    public async Task FailAsync(CancellationToken cancellationToken)
    {
        var (fault, operation) = (Stopwatch.GetTimestamp(), Guid.NewGuid().ToString("N"));
        if (_state.Problems.Count == 0)
            Flip(fault);
        var request = new Core.Remediation.GrantRequest(operation, "cordon", DrainScope.Node) { ProblemId = Fault, Subject = Subject.Device(_state.Devices[0].Id) };
        while (true)
        {
            var answer = await _grants.AskAsync(request, cancellationToken);
            Says = answer.Why;
            if (answer.Grant is { } grant)
            {
                _held = (grant, operation);
                Cordon = new CordonAct(fault, Stopwatch.GetTimestamp());
                Report(operation, "cordon");
                return;
            }
            await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
        }
    }

    /// <summary>Is in service again, and gives its grant back.</summary>
    public async Task RecoverAsync()
    {
        if (_state.Problems.Count > 0)
            Flip(0);
        if (_held is not var (grant, operation))
            return;
        Report(operation, "uncordon");
        await grant.DisposeAsync();
        (_held, Cordon) = (null, null);
    }

    private void Report(string operation, string action)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        lock (_state)
        {
            _state.Operations.Add(new Operation { Id = operation, Step = $"{operation}-{action}", Action = action, State = "closed", Outcome = "done", IntendedMilliseconds = now, ActedMilliseconds = now, ClosedMilliseconds = now });
            _newest = _newest.Next(_state.Clone());
        }
        _stream?.Look();
    }

    private static NodeState Node(int number)
    {
        var state = new NodeState
        {
            Facts = new NodeFacts
            {
                AgentVersion = "0.1.0",
                Simulated = true,
                Remediation = "dry-run",
                BootId = Guid.NewGuid().ToString(),
                MachineId = Guid.NewGuid().ToString("N"),
                Image = "Debian GNU/Linux 12 (bookworm)",
                Kernel = "6.1.0-35-amd64",
                Labels = { ["topology.kubernetes.io/zone"] = $"z{number % 4}", ["rack"] = $"r{number / 32}", ["switch"] = $"s{number / 128}", [Domain] = $"h{number / DomainSize}", ["pool"] = "train", ["kubernetes.io/hostname"] = $"gpu-{number:00000}" },
                Vendors = { new Vendor { Name = "nvidia", State = "ready", DriverVersion = "570.124.06", LibraryVersion = "570.124.06" } },
            },
        };
        var ids = Enumerable.Range(0, 8).Select(_ => $"GPU-{Guid.NewGuid()}").ToArray();
        for (var index = 0; index < ids.Length; index++)
        {
            var device = new Device
            {
                Id = ids[index],
                Vendor = "nvidia",
                Model = Models[number % Models.Length],
                Resource = "nvidia.com/gpu",
                Index = index,
                PciAddress = $"0000:{27 + (index * 16):x2}:00.0",
                Serial = $"16{number:000000}{index:0000}",
                NumaNode = index / 4,
                MemoryBytes = 85_899_345_920,
                Healthy = true,
            };
            device.Links.AddRange(ids.Where((_, peer) => peer != index).Select(peer => new Link { Peer = peer, Kind = "direct", Count = 18 }));
            state.Devices.Add(device);
        }
        var pod = new Workload { Id = Guid.NewGuid().ToString(), Namespace = "train", Name = $"llm-worker-{number}", Job = $"train/llm-{number / 64}" };
        pod.Devices.AddRange(ids);
        state.Workloads.Add(pod);
        return state;
    }
}
