using System.Text.Json;
using AIInfra.Core.Health;
using AIInfra.Grpc;
using AIInfra.Kubernetes.DevicePlugin;
using AIInfra.Kubernetes.Protos.DevicePlugin.V1Beta1;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Kubernetes;

/// <summary>The numbered cases of what a kubelet does to its plugins, one test or more each, against each of the two stand-ins. Cases 8 and 9 are also in
/// <see cref="KubeletContract"/>; 12 (a CDI file that is removed by hand) and 14 (Dynamic Resource Allocation) are not the device plugin's.</summary>
public abstract class KubeletCases : KubeletTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData("v1alpha", "acme.com/gpu", "is not v1beta1")]
    [InlineData("v1beta1", "gpu", "is not the name of an extended resource")]
    public async Task Case_01_a_wrong_version_or_name_is_refused_and_the_options_are_those_of_the_call(string version, string resource, string reason)
    {
        await RegisteredAsync();
        using var channel = GrpcChannel.ForUnixSocket(Path.Combine(Rig.Folder, DevicePluginApi.KubeletSocket));

        var refusal = await Assert.ThrowsAsync<GrpcException>(() => channel.UnaryAsync(
            DevicePluginApi.Register, new RegisterRequest { Version = version, ResourceName = resource, Endpoint = "x.sock" }, cancellationToken: TestContext.Current.CancellationToken));

        Assert.Contains(reason, refusal.Detail, StringComparison.Ordinal);
        Assert.True((await Kubelet.AskAsync("preferred", $$$"""{"preferred":{"available":["{{{TestGpus.Id(0)}}}"],"size":1}}""")).GetProperty("ok").GetBoolean());
    }

    [Fact]
    public async Task Case_02_the_plugin_serves_before_it_registers()
    {
        await Kubelet.SendAsync("""{"hangRegister":true}""");
        await Kubelet.NextAsync("listening");
        Rig.Start();

        var endpoint = (await Kubelet.NextAsync("asked")).Endpoint();

        using var channel = GrpcChannel.ForUnixSocket(Path.Combine(Rig.Folder, endpoint));
        var options = await channel.UnaryAsync(DevicePluginApi.GetOptions, new Empty(), cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(options.GetPreferredAllocationAvailable);
    }

    [Fact]
    public async Task Case_03_a_kubelet_sock_that_is_made_anew_twice_at_once_and_a_wiped_folder_end_with_one_plugin()
    {
        await RegisteredAsync();
        await Kubelet.SendAsync("""{"restart":true}""");
        await Kubelet.SendAsync("""{"restart":true}""");
        await Kubelet.NextAsync("listening");
        await Kubelet.NextAsync("listening");
        await SettledAsync();

        foreach (var socket in Rig.Sockets)
            File.Delete(Path.Combine(Rig.Folder, socket));

        await Kubelet.NextAsync("list");
        await SettledAsync();
    }

    [Fact]
    public async Task Case_04_an_options_call_that_fails_inside_Register_and_a_refusal_after_a_good_registration_are_tried_again()
    {
        await Kubelet.SendAsync("""{"hangOptions":true}""");
        await Kubelet.NextAsync("listening");
        Rig.Start();
        var first = (await Kubelet.NextAsync("dialled")).Endpoint();
        Assert.NotEqual(first, (await Kubelet.NextAsync("dialled")).Endpoint()); // a new server, not only another call
        await Kubelet.SendAsync("""{"hangOptions":false}""");
        await Kubelet.NextAsync("list");

        await Kubelet.SendAsync("""{"refuse":"not now","closeStreams":true}""");
        await Kubelet.NextAsync("refused");
        await Kubelet.SendAsync("""{"refuse":null}""");

        Assert.Equal(8, (await Kubelet.NextAsync("list")).Ids().Length);
    }

    [Fact]
    public async Task Case_05_an_old_stream_whose_late_end_takes_the_new_registration_along_is_survived()
    {
        var first = await RegisteredAsync();
        await Kubelet.SendAsync("""{"lateEnds":4000,"closeStreams":true}""");
        var second = (await Kubelet.NextAsync("registered")).Endpoint();
        Assert.NotEqual(first, second);
        await Kubelet.SendAsync("""{"lateEnds":0}""");

        Assert.Equal(first, (await Kubelet.NextAsync("ended")).Endpoint()); // and with it, by name, the second one is gone

        var third = (await Kubelet.NextAsync("registered")).Endpoint();
        Assert.NotEqual(second, third);
        await Kubelet.NextAsync("list");
        Assert.True((await AllocateAsync(0)).GetProperty("ok").GetBoolean());
    }

    [Fact]
    public async Task Case_06_the_first_change_is_told_at_once_a_burst_together_and_nothing_without_a_change()
    {
        await RegisteredAsync();
        Rig.Inventory.Publish(TestGpus.Inventory(TestGpus.Switched(8)));
        Rig.Health.Report(TestGpus.Fatal(TestGpus.Id(0)) with { Severity = Severity.Degraded });
        for (var gpu = 0; gpu < 8; gpu++)
            Rig.Health.Report(TestGpus.Fatal(TestGpus.Id(gpu)));

        var lists = 0;
        while ((await Kubelet.NextAsync("list")).Unhealthy().Length < 8)
            lists++;

        Assert.InRange(lists, 0, 2); // two: the board was read in the middle of the burst
    }

    [Fact]
    public async Task Case_07_a_device_that_vanishes_while_it_is_allocated_stays_listed_and_comes_back_under_its_id()
    {
        await RegisteredAsync();
        await HoldAsync(7);

        Rig.Inventory.Publish(TestGpus.Inventory(TestGpus.Switched(7)));
        var gone = await Kubelet.NextAsync("list");
        Assert.Equal(8, gone.Ids().Length);
        Assert.Equal([TestGpus.Id(7)], gone.Unhealthy());

        Rig.Inventory.Publish(TestGpus.Inventory(TestGpus.Switched(8)));
        Assert.Empty((await Kubelet.NextAsync("list")).Unhealthy());
    }

    [Fact]
    public async Task Case_07_a_device_that_comes_back_while_Allocate_is_in_flight_is_given()
    {
        await RegisteredAsync();
        Rig.Inventory.Publish(TestGpus.Inventory(TestGpus.Switched(7)));
        await Kubelet.NextAsync("list");

        await Kubelet.SendAsync($$"""{"allocate":["{{TestGpus.Id(7)}}"]}""");
        Assert.Equal(7, (await Kubelet.AskAsync("preferred", Prefer())).Preferred().Length); // others are answered meanwhile
        Rig.Inventory.Publish(TestGpus.Inventory(TestGpus.Switched(8)));

        Assert.True((await Kubelet.NextAsync("allocated")).GetProperty("ok").GetBoolean());
    }

    [Fact]
    public async Task Case_08_a_question_of_more_than_five_MiB_is_answered()
    {
        await RegisteredAsync();

        var answer = await Kubelet.AskAsync("preferred", $$$"""{"preferred":{"available":["{{{TestGpus.Id(1)}}}"],"mustInclude":["nobody"],"strangers":130000,"size":1}}""");

        Assert.Equal([TestGpus.Id(1)], answer.Preferred());
    }

    [Fact]
    public async Task Case_09_a_missing_device_node_is_waited_for_three_seconds_and_no_longer()
    {
        Directory.CreateDirectory(Rig.Dev);
        File.WriteAllText(Path.Combine(Rig.Dev, "acme0"), "");
        await RegisteredAsync();
        Assert.True((await AllocateAsync(0)).GetProperty("ok").GetBoolean());

        var started = TimeProvider.System.GetTimestamp();
        var refusal = (await AllocateAsync(1)).Refusal();

        Assert.InRange(TimeProvider.System.GetElapsedTime(started).TotalSeconds, 2.9, 20);
        Assert.StartsWith($"acme.com/gpu: device {TestGpus.Id(1)} cannot be used: its device node /dev/acme1 is not on the node.", refusal, StringComparison.Ordinal);
        var waiting = AllocateAsync(1);
        File.WriteAllText(Path.Combine(Rig.Dev, "acme1"), "");
        Assert.True((await waiting).GetProperty("ok").GetBoolean());
    }

    [Fact]
    public async Task Case_09_a_vendor_that_has_stopped_answering_for_good_is_refused_at_once()
    {
        await RegisteredAsync();
        Rig.Health.Report(TestGpus.Fatal(TestGpus.Id(2)) with { At = TimeProvider.System.GetUtcNow(), Clearing = Clearing.OnBoot });

        var started = TimeProvider.System.GetTimestamp();
        Assert.Contains("is Unhealthy", (await AllocateAsync(2)).Refusal(), StringComparison.Ordinal);

        Assert.InRange(TimeProvider.System.GetElapsedTime(started).TotalSeconds, 0, 2.9);
    }

    [Fact]
    public async Task Case_10_PreStartContainer_may_be_repeated()
    {
        await RegisteredAsync();

        for (var start = 0; start < 3; start++)
            Assert.True((await Kubelet.AskAsync("preStarted", $$"""{"preStart":["{{TestGpus.Id(1)}}"]}""")).GetProperty("ok").GetBoolean());
    }

    [Fact]
    public async Task Case_11_in_the_registry_a_stream_that_ends_is_followed_by_a_new_socket_and_a_restarted_kubelet_finds_it()
    {
        var first = await InRegistryAsync();

        await Kubelet.SendAsync("""{"closeStreams":true}""");
        var second = (await Kubelet.NextAsync("registered")).Endpoint();
        Assert.NotEqual(first, second);
        Assert.Equal(8, (await Kubelet.NextAsync("list")).Ids().Length);

        await Kubelet.SendAsync("""{"restart":true}""");
        await Kubelet.NextAsync("listening");
        await Kubelet.NextAsync("registered");
        Assert.True((await AllocateAsync(3)).GetProperty("ok").GetBoolean());
    }

    [Fact]
    public async Task Case_11_a_refusal_in_the_registry_is_shown_with_its_reason()
    {
        await Kubelet.SendAsync("""{"refuseRegistry":"the name is taken"}""");
        StartInRegistry();
        await Kubelet.NextAsync("notified");

        await Rig.Log.NextAsync("The kubelet refused acme.com/gpu: the name is taken");
        Assert.Contains("the name is taken", Rig.Board.Parts["kubelet acme.com/gpu"].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Case_11_a_socket_that_is_deleted_from_the_registry_is_replaced()
    {
        var first = await InRegistryAsync();

        File.Delete(Path.Combine(Registry, first));

        Assert.NotEqual(first, (await Kubelet.NextAsync("registered")).Endpoint());
        Assert.Equal(8, (await Kubelet.NextAsync("list")).Ids().Length);
    }

    [Theory]
    [InlineData("exhausted", "too many programs on this node ask it")]
    [InlineData("large", "is larger than 4 MiB")]
    [InlineData("hang", "does not answer on")]
    [InlineData("unimplemented", "does not say who holds what")]
    public async Task Case_13_a_pod_resources_service_that_fails_is_said_once_and_holds_nothing_up(string mode, string says)
    {
        await Kubelet.SendAsync($$"""{"podResources":"{{mode}}"}""");
        await RegisteredAsync();
        Rig.Health.Report(TestGpus.Fatal(TestGpus.Id(3)));
        Assert.Equal([TestGpus.Id(3)], (await Kubelet.NextAsync("list")).Unhealthy());
        Assert.True((await AllocateAsync(0)).GetProperty("ok").GetBoolean());

        await UntilAsync(() => Rig.Log.All.Any(line => line.Contains(says, StringComparison.Ordinal)), says);

        Assert.False(Rig.Pods.Current.Value.IsKnown);
        Assert.Contains(says, Rig.Pods.Current.Value.Reason, StringComparison.Ordinal);
        Assert.False(Rig.Board.Parts["pod resources"].IsReady);
        Assert.True((await AllocateAsync(0)).GetProperty("ok").GetBoolean());
        Assert.Single(Rig.Log.All, line => line.Contains(says, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Case_13_who_holds_what_is_known_soon_after_an_allocation()
    {
        await RegisteredAsync();

        await HoldAsync(7);

        Assert.Equal([new("default", "train-0", "main")], Rig.Pods.Current.Value.HoldersOf(TestGpus.Id(7)));
        Assert.Empty(Rig.Pods.Current.Value.HoldersOf(TestGpus.Id(6)));
    }

    [Fact]
    public async Task Case_15_a_clock_that_jumps_by_a_year_changes_nothing()
    {
        await RegisteredAsync();
        Rig.Time.Offset = TimeSpan.FromDays(365);

        Rig.Health.Report(TestGpus.Fatal(TestGpus.Id(3)));
        Assert.Equal([TestGpus.Id(3)], (await Kubelet.NextAsync("list")).Unhealthy());
        Rig.Time.Offset = TimeSpan.FromDays(-365);
        Rig.Health.ReportHealthy("acme.fault.7", Subject.Device(TestGpus.Id(3)), "reads well");

        Assert.Empty((await Kubelet.NextAsync("list")).Unhealthy());
        Assert.Single(Rig.Sockets);
    }

    [Fact]
    public async Task Case_15_a_folder_that_is_missing_is_waited_for_and_one_that_is_replaced_is_followed()
    {
        Rig.Start();
        await Rig.Log.NextAsync("There is no folder");
        await Kubelet.NextAsync("list");
        await Kubelet.SendAsync("""{"kill":true}""");
        await Rig.Log.NextAsync("The kubelet closed the stream");

        Directory.Delete(Rig.Folder, recursive: true);
        await Kubelet.SendAsync("""{"restart":true}""");

        Assert.Equal(8, (await Kubelet.NextAsync("list")).Ids().Length);
        await SettledAsync();
    }

    [Fact]
    public async Task The_kubelet_is_told_anew_when_it_counts_other_devices_than_it_was_told_of()
    {
        var first = await RegisteredAsync();
        await Kubelet.SendAsync("""{"allocatable":{"acme.com/gpu":[]}}""");

        await Rig.Log.NextAsync("The kubelet counts 0 healthy devices of acme.com/gpu and was told of 8");
        Assert.Contains("counts 0 healthy devices", Rig.Board.Parts["kubelet acme.com/gpu"].Detail, StringComparison.Ordinal);
        Assert.NotEqual(first, (await Kubelet.NextAsync("registered")).Endpoint());

        await Kubelet.SendAsync("""{"allocatable":null}""");
        await Rig.Log.NextAsync("the kubelet counts the devices that it was told of");
        Assert.True(Rig.Board.Parts["kubelet acme.com/gpu"].IsReady);
    }

    [Theory]
    [InlineData("""{"hangRegister":true}""", "asked", """{"hangRegister":false}""")]
    [InlineData("""{"hangOptions":true}""", "dialled", """{"hangOptions":false}""")]
    [InlineData("""{"podResources":"hang"}""", "podResourcesAsked", """{"podResources":"ok"}""")]
    public async Task A_kubelet_that_is_restarted_in_the_middle_of_a_call_has_the_devices_again(string hang, string reached, string heal)
    {
        await Kubelet.SendAsync(hang);
        await Kubelet.NextAsync("listening");
        Rig.Start();
        await Kubelet.NextAsync(reached);

        await Kubelet.SendAsync(heal);
        await Kubelet.SendAsync("""{"restart":true}""");
        await Kubelet.NextAsync("listening");

        Assert.Equal(8, (await Kubelet.NextAsync("list")).Ids().Length);
        await SettledAsync();
        Assert.True((await AllocateAsync(0)).GetProperty("ok").GetBoolean());
    }

    [Fact]
    public async Task A_kubelet_that_is_restarted_while_Allocate_waits_or_a_choice_is_made_has_the_devices_again()
    {
        Directory.CreateDirectory(Rig.Dev);
        await RegisteredAsync();
        await Kubelet.SendAsync($$"""{"allocate":["{{TestGpus.Id(0)}}"]}"""); // waits for its node
        await Kubelet.SendAsync($$$"""{"preferred":{"available":["{{{TestGpus.Id(0)}}}"],"strangers":130000,"size":1}}""");

        await Kubelet.SendAsync("""{"restart":true}""");
        await Kubelet.NextAsync("listening");

        await Kubelet.NextAsync("list");
        File.WriteAllText(Path.Combine(Rig.Dev, "acme0"), "");
        await SettledAsync();
        Assert.True((await AllocateAsync(0)).GetProperty("ok").GetBoolean());
    }

    [Fact]
    public async Task A_kubelet_that_is_restarted_while_it_asks_the_registry_finds_the_devices()
    {
        await Kubelet.SendAsync("""{"hangNotify":true}""");
        StartInRegistry();
        await Kubelet.NextAsync("info");

        await Kubelet.SendAsync("""{"hangNotify":false,"restart":true}""");
        await Kubelet.NextAsync("listening");

        await Kubelet.NextAsync("notified");
        Assert.True((await AllocateAsync(0)).GetProperty("ok").GetBoolean());
    }

    [Fact]
    public async Task Each_of_two_kubelets_is_served_and_hears_of_faults_although_the_other_one_is_down()
    {
        var other = Directory.CreateTempSubdirectory("aik-").FullName;
        await using var second = StartKubelet(other);
        Rig.Options = new KubeletOptions { Roots = [Rig.Root, other] };
        await second.NextAsync("listening");
        await RegisteredAsync();
        await second.NextAsync("list");

        await Kubelet.SendAsync("""{"kill":true}""");
        Rig.Health.Report(TestGpus.Fatal(TestGpus.Id(3)));

        Assert.Equal([TestGpus.Id(3)], (await second.NextAsync("list")).Unhealthy());
        await UntilAsync(() => Rig.Board.Parts.TryGetValue($"kubelet {other} acme.com/gpu", out var part) && part.IsReady, "the other kubelet's part to be ready");
    }

    [Fact]
    public async Task A_second_agent_on_the_same_kubelet_says_so_and_takes_over_when_the_first_has_ended()
    {
        var first = await RegisteredAsync();
        await using var rival = new KubeletRig(Rig.Root);
        rival.Inventory.Publish(TestGpus.Inventory(TestGpus.Switched(8)));
        rival.Start();

        await rival.Log.NextAsync("Another aiinfra-agent serves");
        Assert.Contains("Another aiinfra-agent", rival.Board.Parts["kubelet acme.com/gpu"].Detail, StringComparison.Ordinal);
        Assert.Equal([first], Rig.Sockets);

        await Rig.StopAsync();
        Assert.Equal(8, (await Kubelet.NextAsync("list")).Ids().Length);
        await rival.Log.NextAsync("is registered and the kubelet reads its devices");
    }

    private string Registry => Path.Combine(Rig.Root, PluginRegistrationApi.Folder);

    private void StartInRegistry()
    {
        Directory.CreateDirectory(Registry);
        Rig.Options = new KubeletOptions { Root = Rig.Root, Registration = KubeletRegistrationMode.Registry };
        Rig.Start();
    }

    private async Task<string> InRegistryAsync()
    {
        await Kubelet.NextAsync("listening");
        StartInRegistry();
        var info = (await Kubelet.NextAsync("info")).GetProperty("info");
        Assert.Equal(("DevicePlugin", "acme.com/gpu", "v1beta1"), (info.GetProperty("type").GetString(), info.GetProperty("name").GetString(), info.GetProperty("supported_versions")[0].GetString()));
        var endpoint = (await Kubelet.NextAsync("registered")).Endpoint();
        await Kubelet.NextAsync("list");
        await Rig.Log.NextAsync("is registered and the kubelet reads its devices");
        return endpoint;
    }

    /// <returns>The endpoint.</returns>
    private async Task<string> RegisteredAsync()
    {
        await Kubelet.NextAsync("listening");
        Rig.Start();
        var endpoint = (await Kubelet.NextAsync("registered")).Endpoint();
        Assert.Empty((await Kubelet.NextAsync("list")).Unhealthy());
        await Rig.Log.NextAsync("is registered and the kubelet reads its devices");
        return endpoint;
    }

    /// <summary>Waits until one socket of ours is left and the kubelet answers through it.</summary>
    private Task SettledAsync() => UntilAsync(
        () => Rig.Sockets.Length == 1 && Rig.Board.Parts.GetValueOrDefault("kubelet acme.com/gpu") is { IsReady: true }, "one socket and a ready part");

    /// <summary>For what gives no other signal.</summary>
    private static async Task UntilAsync(Func<bool> isSo, string what)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!isSo())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < Deadline, $"Gave up waiting for: {what}.");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    private Task<JsonElement> AllocateAsync(int gpu) => Kubelet.AskAsync("allocated", $$"""{"allocate":["{{TestGpus.Id(gpu)}}"]}""");

    private static string Prefer() => $$$"""{"preferred":{"available":[{{{string.Join(',', Enumerable.Range(0, 7).Select(index => $"\"{TestGpus.Id(index)}\""))}}}],"size":7}}""";

    /// <summary>Allocates a device to a pod and waits until the agent knows.</summary>
    private async Task HoldAsync(int gpu)
    {
        await Kubelet.SendAsync($$"""{"pods":[{"namespace":"default","name":"train-0","containers":[{"name":"main","devices":[{"resource":"acme.com/gpu","ids":["{{TestGpus.Id(gpu)}}"]}]}]}]}""");
        await AllocateAsync(gpu);
        using var patience = new CancellationTokenSource(Deadline);
        while (Rig.Pods.Current.Value is var seen && seen.HoldersOf(TestGpus.Id(gpu)).IsEmpty)
            await Rig.Pods.Current.WaitForChangeAsync(seen, patience.Token);
    }
}

public sealed class GrpcJsKubeletCases : KubeletCases
{
    private protected override KubeletPeer StartKubelet(string root) => KubeletPeer.Node(root);
}

public sealed class GrpcioKubeletCases : KubeletCases
{
    private protected override KubeletPeer StartKubelet(string root) => KubeletPeer.Python(root);
}
