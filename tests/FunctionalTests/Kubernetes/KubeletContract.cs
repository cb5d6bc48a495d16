using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Kubernetes;

/// <summary>What holds between the device plugin and any kubelet. Run against each of the two stand-ins.</summary>
public abstract class KubeletContract : KubeletTests
{
    [Fact]
    public async Task Eight_devices_of_a_stored_inventory_are_registered_and_listed_with_their_NUMA_nodes()
    {
        Rig.Inventory.Publish(TestGpus.Inventory(TestGpus.Switched(8)) with { State = VendorState.Starting });
        await Kubelet.NextAsync("listening");
        Rig.Start();

        var registered = await Kubelet.NextAsync("registered");
        Assert.True(registered.GetProperty("options").GetProperty("get_preferred_allocation_available").GetBoolean());
        Assert.False(registered.GetProperty("options").GetProperty("pre_start_required").GetBoolean());
        Assert.StartsWith("aiinfra-acme.com-gpu-", registered.Endpoint(), StringComparison.Ordinal);
        var list = await Kubelet.NextAsync("list");
        Assert.Equal(Enumerable.Range(0, 8).Select(TestGpus.Id), list.Ids());
        Assert.Empty(list.Unhealthy());
        Assert.Equal([0, 0, 0, 0, 1, 1, 1, 1], list.GetProperty("devices").EnumerateArray().Select(device => device.GetProperty("numa")[0].GetInt32()));
        await Rig.Log.NextAsync("is registered and the kubelet reads its devices");
        Assert.True(Rig.Board.Parts["kubelet acme.com/gpu"].IsReady);
    }

    [Fact]
    public async Task A_fault_and_the_recovery_from_it_reach_the_kubelet()
    {
        await RegisteredAsync();

        Rig.Health.Report(TestGpus.Fatal(TestGpus.Id(3)));
        Assert.Equal([TestGpus.Id(3)], (await Kubelet.NextAsync("list")).Unhealthy());

        Rig.Health.ReportHealthy("acme.fault.7", Subject.Device(TestGpus.Id(3)), "reads well");
        Assert.Empty((await Kubelet.NextAsync("list")).Unhealthy());
    }

    [Fact]
    public async Task A_vanished_device_stays_listed_unhealthy()
    {
        await RegisteredAsync();

        Rig.Inventory.Publish(TestGpus.Inventory(TestGpus.Switched(7)));

        var list = await Kubelet.NextAsync("list");
        Assert.Equal(8, list.Ids().Length);
        Assert.Equal([TestGpus.Id(7)], list.Unhealthy());
    }

    [Fact]
    public async Task Allocate_gives_the_container_what_the_vendor_says()
    {
        await RegisteredAsync();

        var answer = await Kubelet.AskAsync("allocated", $$"""{"allocate":["{{TestGpus.Id(5)}}","{{TestGpus.Id(2)}}"]}""");

        var container = answer.GetProperty("response").GetProperty("container_responses")[0];
        Assert.Equal($"{TestGpus.Id(2)},{TestGpus.Id(5)}", container.GetProperty("envs").GetProperty("ACME_VISIBLE_DEVICES").GetString());
        Assert.Equal(["/dev/acme2", "/dev/acme5"], container.GetProperty("devices").EnumerateArray().Select(node => node.GetProperty("host_path").GetString()!));
        Assert.True(container.GetProperty("mounts")[0].GetProperty("read_only").GetBoolean());
        Assert.Equal("2", container.GetProperty("annotations").GetProperty("acme.com/count").GetString());
        Assert.Equal(["acme.com/gpu=2", "acme.com/gpu=5"], container.GetProperty("cdi_devices").EnumerateArray().Select(device => device.GetProperty("name").GetString()!));
        Assert.True((await Kubelet.AskAsync("preStarted", """{"preStart":[]}""")).GetProperty("ok").GetBoolean());
    }

    [Fact]
    public async Task Allocate_refuses_with_a_sentence_that_a_pods_owner_understands()
    {
        await RegisteredAsync();
        Rig.Health.Report(TestGpus.Fatal(TestGpus.Id(3)));
        var nine = string.Join(',', Enumerable.Range(0, 9).Select(index => $"\"{TestGpus.Id(index)}\""));

        var unhealthy = (await Kubelet.AskAsync("allocated", $$"""{"allocate":["{{TestGpus.Id(3)}}"]}""")).Refusal();
        Assert.Contains($"device {TestGpus.Id(3)} is Unhealthy", unhealthy, StringComparison.Ordinal);
        Assert.Contains("The board fell off the bus (acme.fault.7)", unhealthy, StringComparison.Ordinal);
        Assert.Contains("no device GPU-x", (await Kubelet.AskAsync("allocated", """{"allocate":["GPU-x"]}""")).Refusal(), StringComparison.Ordinal);
        Assert.Contains("twice", (await Kubelet.AskAsync("allocated", $$"""{"allocate":["{{TestGpus.Id(1)}}","{{TestGpus.Id(1)}}"]}""")).Refusal(), StringComparison.Ordinal);
        Assert.Contains("this node has 8", (await Kubelet.AskAsync("allocated", $$"""{"allocate":[{{nine}}]}""")).Refusal(), StringComparison.Ordinal);
        Assert.Contains("names no device", (await Kubelet.AskAsync("allocated", """{"allocate":[]}""")).Refusal(), StringComparison.Ordinal);
        Assert.Contains("names no container", (await Kubelet.AskAsync("allocated", """{"allocateContainers":[]}""")).Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetPreferredAllocation_answers_whatever_it_is_asked()
    {
        await RegisteredAsync();
        var all = string.Join(',', Enumerable.Range(0, 8).Select(index => $"\"{TestGpus.Id(index)}\""));
        static string Id(int index) => TestGpus.Id(index);

        async Task<string[]> PreferAsync(string question) => (await Kubelet.AskAsync("preferred", "{\"preferred\":{" + question + "}}")).Preferred();

        Assert.Equal([Id(0), Id(1), Id(2), Id(3)], await PreferAsync($"\"available\":[{all}],\"size\":4"));
        Assert.Equal([Id(4), Id(5), Id(6), Id(7)], await PreferAsync($"\"available\":[{all}],\"mustInclude\":[\"{Id(6)}\"],\"size\":4"));
        Assert.Empty(await PreferAsync($"\"available\":[{all}],\"size\":0"));
        Assert.Empty(await PreferAsync($"\"available\":[{all}],\"size\":-3"));
        Assert.Empty(await PreferAsync("\"available\":[],\"size\":2"));
        Assert.Equal(8, (await PreferAsync($"\"available\":[{all}],\"size\":9")).Length);
        Assert.Equal([Id(2)], await PreferAsync($"\"available\":[\"{Id(2)}\",\"{Id(2)}\",\"GPU-x\"],\"size\":2"));
        Assert.Equal([Id(1)], await PreferAsync($"\"available\":[\"{Id(1)}\"],\"mustInclude\":[\"{Id(5)}\",\"GPU-x\"],\"size\":1"));
        Assert.Equal(4, (await PreferAsync($"\"available\":[{all}],\"strangers\":130000,\"size\":4")).Length); // more than 5 MiB

        Rig.Health.Report(TestGpus.Fatal(Id(0)));
        Assert.Equal([Id(4), Id(5), Id(6), Id(7)], await PreferAsync($"\"available\":[{all}],\"size\":4"));
    }

    [Fact]
    public async Task A_restarted_kubelet_has_the_devices_again_on_another_socket()
    {
        var first = await RegisteredAsync();
        Rig.Health.Report(TestGpus.Fatal(TestGpus.Id(3)));
        await Kubelet.NextAsync("list");

        await Kubelet.SendAsync("""{"restart":true}""");

        Assert.NotEqual(first, (await Kubelet.NextAsync("registered")).Endpoint());
        Assert.Equal([TestGpus.Id(3)], (await Kubelet.NextAsync("list")).Unhealthy());
    }

    [Fact]
    public async Task Ten_restarts_of_the_kubelet_leave_one_server_and_one_socket()
    {
        await RegisteredAsync();

        for (var restart = 0; restart < 10; restart++)
        {
            await Kubelet.SendAsync("""{"restart":true}""");
            await Kubelet.NextAsync("listening");
            if (restart % 2 == 0) // every other one comes before the plugin is back
                await Kubelet.NextAsync("list");
        }

        // A registration that met the last restart is made once more, so the last one is the one that stays.
        while ((await Kubelet.NextAsync("registered")).Endpoint() is var last && !Rig.Sockets.SequenceEqual([last])) { }
        Assert.Empty((await Kubelet.NextAsync("list")).Unhealthy());
    }

    [Fact]
    public async Task A_kubelet_that_comes_late_and_one_that_was_killed_are_waited_for()
    {
        Rig.Start();
        Assert.Contains("There is no folder", await Rig.Log.NextAsync("acme.com/gpu waits"), StringComparison.Ordinal);
        await Kubelet.NextAsync("list");
        await Rig.Log.NextAsync("is registered and the kubelet reads its devices"); // the list may come before the answer to Register

        await Kubelet.SendAsync("""{"kill":true}""");
        await Rig.Log.NextAsync("The kubelet closed the stream");
        Assert.False(Rig.Board.Parts["kubelet acme.com/gpu"].IsReady);
        await Kubelet.SendAsync("""{"restart":true}""");
        await Kubelet.NextAsync("list");
    }

    [Fact]
    public async Task A_refused_registration_is_said_once_and_repeated_until_it_is_taken()
    {
        await Kubelet.SendAsync("""{"refuse":"the node is being set up"}""");
        await Kubelet.NextAsync("listening");
        Rig.Start();
        await Kubelet.NextAsync("refused");
        await Kubelet.NextAsync("refused");
        var ended = Assert.Single(Rig.Log.All, line => line.Contains("the node is being set up", StringComparison.Ordinal));
        Assert.Contains("The kubelet refused acme.com/gpu", ended, StringComparison.Ordinal);
        Assert.Contains("the node is being set up", Rig.Board.Parts["kubelet acme.com/gpu"].Detail, StringComparison.Ordinal);

        await Kubelet.SendAsync("""{"refuse":null}""");

        await Kubelet.NextAsync("list");
        await Rig.Log.NextAsync("is registered and the kubelet reads its devices");
    }

    [Fact]
    public async Task A_registration_that_is_never_answered_is_given_up_and_tried_again()
    {
        await Kubelet.SendAsync("""{"hangRegister":true}""");
        await Kubelet.NextAsync("listening");
        Rig.Start();
        var first = (await Kubelet.NextAsync("asked")).Endpoint();

        Assert.NotEqual(first, (await Kubelet.NextAsync("asked")).Endpoint());
        await Kubelet.SendAsync("""{"hangRegister":false}""");

        await Kubelet.NextAsync("list");
        Assert.Single(Rig.Log.All, line => line.Contains("did not answer the registration", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Streams_that_the_kubelet_closes_are_followed_by_a_new_registration()
    {
        var first = await RegisteredAsync();

        await Kubelet.SendAsync("""{"closeStreams":true}""");

        Assert.Equal(first, (await Kubelet.NextAsync("ended")).Endpoint());
        Assert.NotEqual(first, (await Kubelet.NextAsync("registered")).Endpoint());
        Assert.Equal(8, (await Kubelet.NextAsync("list")).Ids().Length);
    }

    [Fact]
    public async Task A_socket_of_ours_that_is_deleted_is_replaced()
    {
        var first = await RegisteredAsync();
        await Rig.Log.NextAsync("is registered and the kubelet reads its devices");

        File.Delete(Path.Combine(Rig.Folder, first));

        var second = (await Kubelet.NextAsync("registered")).Endpoint();
        await Kubelet.NextAsync("list");
        Assert.NotEqual(first, second);
        Assert.Equal([second], Rig.Sockets);
    }

    [Fact]
    public async Task Two_resources_are_two_plugins_and_what_cannot_be_offered_stops_neither()
    {
        Rig.ExpectsErrors = true;
        var devices = TestGpus.Switched(8);
        Rig.Inventory.Publish(TestGpus.Inventory(
        [
            .. devices.Take(4), devices[4] with { Id = new string('x', 64) }, devices[5] with { ResourceName = "acme" },
            .. devices.Skip(6).Select(device => device with { ResourceName = "acme.com/slice" }),
        ]));
        await Kubelet.NextAsync("listening");
        Rig.Start();

        string[] found = [(await Kubelet.NextAsync("list")).GetRawText(), (await Kubelet.NextAsync("list")).GetRawText()];

        Assert.Contains(found, list => list.Contains("\"acme.com/gpu\"", StringComparison.Ordinal) && list.Contains(TestGpus.Id(3), StringComparison.Ordinal));
        Assert.Contains(found, list => list.Contains("\"acme.com/slice\"", StringComparison.Ordinal) && list.Contains(TestGpus.Id(6), StringComparison.Ordinal));
        Assert.DoesNotContain(found, list => list.Contains("xxxx", StringComparison.Ordinal));
        Assert.Equal(2, Rig.Log.Errors.Count);
        Assert.Contains(Rig.Log.Errors, line => line.Contains("acme is not a resource name: it needs a domain", StringComparison.Ordinal));
        Assert.Contains(Rig.Log.Errors, line => line.Contains("its id has 64 characters", StringComparison.Ordinal));

        Rig.Inventory.Publish(TestGpus.Inventory([TestGpus.Switched(1)[0] with { Id = "LATE-0", Vendor = "late", ResourceName = "late.com/npu" }], "late"));
        Assert.Equal(["LATE-0"], (await Kubelet.NextAsync("list", "late.com/npu")).Ids());
    }

    [Fact]
    public async Task At_the_end_the_stream_ends_without_an_empty_list_and_the_socket_is_gone()
    {
        await RegisteredAsync();

        await Rig.StopAsync();

        await Kubelet.NextAsync("ended");
        Assert.Empty(Rig.Sockets);
        await Kubelet.SendAsync("""{"allocate":["late"]}"""); // a list before the end would have come before this answer
        await Kubelet.NextAsync("failed");
    }

    /// <returns>The endpoint.</returns>
    private async Task<string> RegisteredAsync()
    {
        await Kubelet.NextAsync("listening");
        Rig.Start();
        var endpoint = (await Kubelet.NextAsync("registered")).Endpoint();
        Assert.Empty((await Kubelet.NextAsync("list")).Unhealthy());
        return endpoint;
    }
}

public sealed class GrpcJsKubeletTests : KubeletContract
{
    private protected override KubeletPeer StartKubelet(string root) => KubeletPeer.Node(root);
}

public sealed class GrpcioKubeletTests : KubeletContract
{
    private protected override KubeletPeer StartKubelet(string root) => KubeletPeer.Python(root);
}
