using AIInfra.Aggregator.Nodes;
using AIInfra.Core.Health;
using AIInfra.Fleet.V1;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Fleet;

/// <summary>Messages of version 1 as bytes, made by protoc from text when that version was new. They must be read for as long as it is spoken.</summary>
public sealed class RecordedMessagesTests
{
    private const string Hello = "CiQKBWdwdS0xEAEYASIFMC4xLjAqAWkwAzoBYkIBbUiA0MTPojQ=",
        Snapshot = "EpMCCAMSjgIKKwoKCgRyYWNrEgJyMRIWCgZudmlkaWESBXJlYWR5IgU1NzAuMToFMC4xLjASNQoFR1BVLTASBm52aWRpYRoESDEwMED///////////8BYAFqEQoFR1BVLTESBmRpcmVjdBgSGlwKHgoNbnZpZGlhLnhpZC43ORIGZGV2aWNlGgVHUFUtMBIFZmF0YWwaCGhhcmR3YXJlIgZyZWJvb3QqC29mZiB0aGUgYnVzMIDQxM+iNDjo18TPojRAAkoETlZSTSIeCgJ1MRIFdHJhaW4aAXciB3RyYWluL2oqBUdQVS0wKioKAm9wEgZyZWJvb3QaBmNsb3NlZCIEZG9uZWIDeWVzagFncAd6BG9wLTE=",
        Delta = "GisIBBADKgVHUFUtOToeCg1udmlkaWEueGlkLjc5EgZkZXZpY2UaBUdQVS0w", Ask = "KjsIBBICb3AaBnJlYm9vdCIEbm9kZSoFR1BVLTAyHgoNbnZpZGlhLnhpZC43ORIGZGV2aWNlGgVHUFUtMA==",
        Welcome = "ChkIARIFMC4xLjAaAWkgAyjg1AMwCDiAgIAC", Answer = "IhcIBBIBZxgHILDqASoGMSBvZiAyQgJvcA==", Acknowledgement = "EgQIAxAE";

    [Fact]
    public void An_aggregator_reads_what_an_agent_of_version_1_says()
    {
        var hello = FromAgent.Parser.ParseFrom(Convert.FromBase64String(Hello)).Hello;
        var reducer = new NodeReducer(new TextPool(), new ManualTime());
        var node = reducer.Replace(null, "gpu-1", "i", FromAgent.Parser.ParseFrom(Convert.FromBase64String(Snapshot)).Snapshot);
        var after = reducer.Change(node, FromAgent.Parser.ParseFrom(Convert.FromBase64String(Delta)).Delta);
        var ask = FromAgent.Parser.ParseFrom(Convert.FromBase64String(Ask)).GrantAsk;

        Assert.Equal(("gpu-1", 1u, "i", 3UL), (hello.Node, hello.Protocol, hello.Incarnation, hello.Sequence));
        Assert.Equal((3, "r1", "570.1", (int?)null, 18), (node.Sequence, node.Facts.Labels["rack"], node.Facts.Vendors[0].DriverVersion, node.Devices[0].NumaNode, node.Devices[0].Links[0].Count));
        Assert.Equal((Severity.Fatal, Cause.Hardware, SuggestedAction.Reboot, 2L), (node.Problems[0].Severity, node.Problems[0].Cause, node.Problems[0].Action, node.Problems[0].Count));
        Assert.Equal(("train/j", "GPU-0"), (node.Workloads[0].Job, node.Workloads[0].Devices[0]));
        Assert.Equal(("op-1", "closed", "done", true, 7L), (node.Operations[0].Step, node.Operations[0].State, node.Operations[0].Outcome, node.Operations[0].Helped, node.Operations[0].Fence));
        Assert.Equal((4, 0, 1), (after.Sequence, after.Problems.Length, after.Devices.Length));
        Assert.Equal((4UL, "reboot", "node"), (ask.Ask, ask.Action, ask.Scope));
    }

    [Fact]
    public void An_agent_reads_what_an_aggregator_of_version_1_says()
    {
        var welcome = FromAggregator.Parser.ParseFrom(Convert.FromBase64String(Welcome)).Welcome;
        var answer = FromAggregator.Parser.ParseFrom(Convert.FromBase64String(Answer)).GrantAnswer;
        var acknowledgement = FromAggregator.Parser.ParseFrom(Convert.FromBase64String(Acknowledgement)).Acknowledgement;

        Assert.Equal((1u, "i", 3UL, 60000u, 8u), (welcome.Protocol, welcome.HaveIncarnation, welcome.HaveSequence, welcome.SilenceMilliseconds, welcome.Window));
        Assert.Equal((4UL, "g", 7UL, 30000u), (answer.Ask, answer.Grant, answer.Fence, answer.LifetimeMilliseconds));
        Assert.Equal((3UL, 4UL), (acknowledgement.Sequence, acknowledgement.Received));
    }
}
