using System.Buffers;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using AIInfra.Aggregator.Identity;
using AIInfra.Aggregator.Nodes;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Engine;
using AIInfra.Core.Remediation.Journal;
using AIInfra.Core.Remediation.Ladders;
using AIInfra.Core.Remediation.Planning;
using AIInfra.Core.State;
using AIInfra.Fleet.V1;
using AIInfra.Grpc;
using AIInfra.Grpc.Wire;
using AIInfra.Kubernetes.Api;
using AIInfra.Kubernetes.DevicePlugin;
using AIInfra.Kubernetes.PodResources;
using AIInfra.Kubernetes.Protos.PodResources.V1;
using AIInfra.Kubernetes.Remediation;
using AIInfra.Testing;
using AIInfra.UnitTests.Remediation;
using Google.Protobuf;
using NodeFacts = AIInfra.Fleet.V1.NodeFacts;
using Operation = AIInfra.Fleet.V1.Operation;
using ProblemKey = AIInfra.Fleet.V1.ProblemKey;
using Subject = AIInfra.Core.Health.Subject;
using SubjectKind = AIInfra.Core.Health.SubjectKind;

namespace AIInfra.UnitTests.Fuzz;

/// <summary>What the kubelet, the API server, the fleet, Alertmanager and the agent's own databases say.</summary>
[Trait("Kind", "Fuzz")]
public sealed class ClusterFuzz
{
    [Fact]
    public void Pod_resources()
    {
        var container = new ContainerResources { Name = "c" };
        container.Devices.Add(new ContainerDevices { ResourceName = "nvidia.com/gpu", DeviceIds = { "GPU-1", "GPU-2" } });
        var answer = new ListPodResourcesResponse { PodResources = { new PodResources { Name = "p", Namespace = "n", Containers = { container } } } };
        Fuzzing.RunBytes([answer.ToByteArray()], (byte[] bytes) =>
        {
            if (Message(ListPodResourcesResponse.Parser, bytes) is { } read)
                PodResourcesReader.Read(DateTimeOffset.UnixEpoch, read);
        });
    }

    [Fact]
    public void Fleet_messages()
    {
        var state = new NodeState { Facts = new NodeFacts { BootId = "b", AgentVersion = "0.1.0" } };
        state.Facts.Labels["rack"] = "r12";
        state.Devices.Add(new Device { Id = "GPU-1", Vendor = "nvidia", Links = { new Link { Peer = "GPU-2", Kind = "direct", Count = 18 } } });
        state.Problems.Add(new Problem { Key = new ProblemKey { Id = "nvidia.xid.79", SubjectKind = "device", Subject = "GPU-1" }, Severity = "fatal", FirstSeenMilliseconds = 1, Count = 1, Evidence = { "line" } });
        state.Operations.Add(new Operation { Id = "o", Step = "s", Action = "reboot", State = "acted" });
        var snapshot = new FromAgent { Snapshot = new Snapshot { Sequence = 1, State = state } };
        var delta = new FromAgent { Delta = new Delta { Sequence = 2, Devices = { new Device { Id = "GPU-3" } }, DevicesGone = { "GPU-1" }, ProblemsGone = { new ProblemKey { Id = "nvidia.xid.79", SubjectKind = "device", Subject = "GPU-1" } } } };
        var reducer = new NodeReducer(new TextPool(), new ManualTime());
        var before = reducer.Replace(null, "n", "i", snapshot.Snapshot);
        Fuzzing.RunBytes([snapshot.ToByteArray(), delta.ToByteArray()], (byte[] bytes) =>
        {
            if (Message(FromAgent.Parser, bytes) is not { } read)
                return;
            var record = read.MessageCase switch
            {
                FromAgent.MessageOneofCase.Snapshot => reducer.Replace(before, "n", "i", read.Snapshot),
                FromAgent.MessageOneofCase.Delta => reducer.Change(before, read.Delta),
                _ => before,
            };
            Assert.InRange(record.Devices.Length, 0, NodeReducer.MostDevices);
        });
    }

    [Fact]
    public void Kubernetes_objects() => Fuzzing.Run(
        [
            "{\"metadata\": {\"name\": \"n\", \"uid\": \"u\", \"resourceVersion\": \"5\", \"labels\": {\"a\": \"b\"}, \"annotations\": {}}, \"spec\": {\"unschedulable\": true, \"taints\": [{\"key\": \"k\", \"effect\": \"NoSchedule\"}]}, \"status\": {\"conditions\": [{\"type\": \"Ready\", \"status\": \"True\", \"lastHeartbeatTime\": \"2026-11-28T12:00:00Z\"}], \"nodeInfo\": {\"bootID\": \"b\", \"machineID\": \"m\"}}}",
            "{\"metadata\": {\"name\": \"p\", \"namespace\": \"n\", \"ownerReferences\": [{\"kind\": \"DaemonSet\", \"controller\": true}], \"deletionTimestamp\": \"2026-11-28T12:00:00Z\"}, \"spec\": {\"nodeName\": \"n\", \"volumes\": [{\"emptyDir\": {}}]}, \"status\": {\"phase\": \"Running\"}}",
            "{\"kind\": \"Status\", \"code\": 409, \"reason\": \"Conflict\", \"message\": \"m\", \"details\": {\"retryAfterSeconds\": 3}}",
        ],
        text =>
        {
            Json(text, ApiJson.Default.NodeObject);
            Json(text, ApiJson.Default.PodObject);
            Json(text, ApiJson.Default.LeaseObject);
            Json(text, ApiJson.Default.BudgetObject);
            Json(text, ApiJson.Default.EventObject);
            Json(text, ApiJson.Default.TokenReview);
            Json(text, ApiJson.Default.ApiStatus);
            Json(text, ApiJson.Default.ObjectListNodeObject);
        });

    [Fact]
    public void Watch_lines() => Fuzzing.RunBytes(
        ["{\"type\": \"MODIFIED\", \"object\": {\"metadata\": {\"name\": \"n\", \"resourceVersion\": \"5\"}, \"spec\": {}}}", "{\"type\": \"ERROR\", \"object\": {\"kind\": \"Status\", \"code\": 410, \"reason\": \"Expired\"}}", "{\"type\": \"BOOKMARK\", \"object\": {\"metadata\": {\"resourceVersion\": \"6\"}}}"],
        (byte[] bytes) => Declared(() => ApiWatch<NodeObject>.Parse(new ReadOnlySequence<byte>(bytes), ApiJson.Default.NodeObject, status => new ApiException(ApiFault.NotAnApiServer, status.Reason ?? ""))));

    [Fact]
    public void The_kubelets_checkpoint()
    {
        var folder = Directory.CreateTempSubdirectory("aiinfra-fuzz-").FullName;
        Fuzzing.RunBytes(["{\"Data\": {\"PodDeviceEntries\": [{\"PodUID\": \"u\", \"ContainerName\": \"c\", \"ResourceName\": \"nvidia.com/gpu\", \"DeviceIDs\": {\"-1\": [\"GPU-1\"]}, \"AllocResp\": \"\"}], \"RegisteredDevices\": {}}, \"Checksum\": 5}"], (byte[] bytes) =>
        {
            File.WriteAllBytes(Path.Combine(folder, "kubelet_internal_checkpoint"), bytes);
            KubeletCheckpoint.Read(folder);
        });
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Alerts_of_others() => Fuzzing.RunBytes(
        ["{\"status\": \"success\", \"data\": {\"alerts\": [{\"labels\": {\"alertname\": \"A\"}, \"state\": \"firing\"}]}}", "[{\"labels\": {\"alertname\": \"A\"}, \"status\": {\"state\": \"active\"}}]"],
        (byte[] bytes) =>
        {
            foreach (var source in new[] { AlertSource.Prometheus, AlertSource.Alertmanager })
                Ask(source, bytes);
        });

    [Fact]
    public void Tokens_of_callers()
    {
        var folder = Directory.CreateTempSubdirectory("aiinfra-fuzz-").FullName;
        var tokens = new Tokens(folder, TimeProvider.System);
        var (join, viewer) = (tokens.Create(TokenRole.Join, "j", TimeSpan.FromHours(1), "*", new string('a', 32)), tokens.Create(TokenRole.Viewer, "v", TimeSpan.FromHours(1), "*", ""));
        Fuzzing.Run([join, viewer], text =>
        {
            if (tokens.Find(text) is not null) // the last letter holds two bits that count for nothing, and what follows a join token's secret is for the agent
                Assert.Contains(new[] { join, viewer }, token => text.StartsWith(string.Join('.', token.Split('.')[..3])[..^1], StringComparison.Ordinal));
        });
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Files_of_identities()
    {
        var folder = Directory.CreateTempSubdirectory("aiinfra-fuzz-").FullName;
        Fuzzing.RunBytes(
            ["[{\"Id\": \"00000001\", \"Name\": \"n\", \"Role\": \"Viewer\", \"Hash\": \"00\", \"Created\": \"2026-11-28T12:00:00+00:00\", \"Expires\": \"2036-11-28T12:00:00+00:00\", \"Nodes\": \"*\"}]", "[{\"Node\": \"n\", \"Before\": \"2026-11-28T12:00:00+00:00\"}]"],
            (byte[] bytes) =>
            {
                File.WriteAllBytes(Path.Combine(folder, "tokens.json"), bytes);
                File.WriteAllBytes(Path.Combine(folder, "revoked.json"), bytes);
                Assert.Null(new Tokens(folder, TimeProvider.System).Find($"ait.00000001.{new string('A', 43)}"));
                new Revocations(folder, TimeProvider.System).IsRevoked("n", DateTimeOffset.UnixEpoch);
            });
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Orders_of_a_person()
    {
        var folder = Directory.CreateTempSubdirectory("aiinfra-fuzz-").FullName;
        var now = new PlanTime(TestActions.Start, "boot-1", TimeSpan.FromHours(1));
        Fuzzing.RunBytes(["{\"Pause\": {\"Given\": {\"At\": \"2026-11-28T12:00:00+00:00\", \"BootId\": \"b\"}, \"For\": \"02:00:00\", \"Why\": \"r\"}, \"Approved\": [{\"Operation\": \"o\", \"Given\": {\"At\": \"2026-11-28T12:00:00+00:00\", \"BootId\": \"b\", \"Uptime\": \"01:00:00\"}}]}"], (byte[] bytes) =>
        {
            File.WriteAllBytes(Path.Combine(folder, RemediationOrders.FileName), bytes);
            var orders = new RemediationOrders(folder, TimeProvider.System);
            orders.Paused(now);
            orders.Approved(now);
        });
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Rows_of_the_state()
    {
        var step = JsonSerializer.SerializeToUtf8Bytes(Step, JournalJson.Default.StepRecord);
        var problem = JsonSerializer.SerializeToUtf8Bytes(TestActions.Xid79(TestActions.Start), StateJson.Default.Problem);
        var inventory = Encoding.UTF8.GetBytes("{\"Vendor\": \"nvidia\", \"State\": \"Ready\", \"Devices\": [{\"Id\": \"GPU-1\", \"Vendor\": \"nvidia\", \"Model\": \"m\", \"ResourceName\": \"nvidia.com/gpu\", \"DeviceNodes\": null}]}");
        Fuzzing.RunBytes([step, problem, inventory], (byte[] bytes) =>
        {
            StoredRows.Problem(bytes);
            StoredRows.Inventory(bytes);
            StoredRows.Transition(bytes);
            if (JournalDatabase.Understood("step-1", bytes) is { } record)
                Assert.False(record.Step.Arguments.IsDefault);
        });
    }

    private static StepRecord Step { get; } = new()
    {
        Step = new ActionStep
        {
            Id = "step-1", Operation = "operation-1", Action = "reboot", Arguments = ["allow-sysrq"], Subject = new Subject(SubjectKind.Unit, "kubelet.service"), ProblemId = "nvidia.xid.79", Deadline = TimeSpan.FromMinutes(5), BootId = "boot-1",
        },
        Ladder = "a", Rung = 0, State = StepState.Acted, IntendedAt = TestActions.Start,
    };

    private static void Ask(AlertSource source, byte[] answer)
    {
        using var watch = new AlertWatch(TimeProvider.System, new Answer(answer));
        watch.AskAsync(new BlockingAlerts(source, new Uri("http://alerts:9090"), [], []), CancellationToken.None).GetAwaiter().GetResult();
    }

    private static T? Message<T>(MessageParser<T> parser, byte[] bytes) where T : class, IMessage<T>
    {
        try
        {
            return FrameReader.ParseMessage(parser, new ReadOnlySequence<byte>(bytes));
        }
        catch (GrpcException)
        {
            return null;
        }
    }

    private static T? Json<T>(string text, JsonTypeInfo<T> type) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(text, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static void Declared(Action read)
    {
        try
        {
            read();
        }
        catch (Exception refused) when (refused is JsonException or ApiException)
        {
            // Declared.
        }
    }

    private sealed class Answer(byte[] body) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(body) });
    }
}
