using AIInfra.Core.Health;
using AIInfra.Vendors.Nvidia;

namespace AIInfra.UnitTests.Vendors;

public sealed class NvidiaXidTableTests
{
    private static readonly NvidiaXidTable Table = NvidiaXidTable.Embedded;

    [Theory]
    [InlineData("8,11,13,25,31,32,43,45,69,80", Severity.Info, SuggestedAction.TellPod)]
    [InlineData("39-41,70-72,75-77,85,126-135", Severity.Info, SuggestedAction.TellPod)]
    [InlineData("60,68,82-84,86,88,89,96-105,108,137,139", Severity.Info, SuggestedAction.TellPod)]
    [InlineData("37,38,44,63,66,67,92,93,141,152-154,160", Severity.Info, SuggestedAction.Observe)]
    [InlineData("14,106,107,162", Severity.Info, SuggestedAction.None)]
    [InlineData("94", Severity.Degraded, SuggestedAction.TellPod)]
    [InlineData("78,121,144-150,157,159,161,163-166,170", Severity.Degraded, SuggestedAction.Observe)]
    [InlineData("1-7,9,10,12,15-24,26-30,33-36,42,47,49-53,55-59,61,65,73,87,90,91,111-118,122-125,138", Severity.Degraded, SuggestedAction.Observe)]
    [InlineData("81,142,168", Severity.Degraded, SuggestedAction.Drain)]
    [InlineData("46,48,62,64,74,95,109,110,119,120,136,140,143,155,156,158,169,171,172", Severity.Fatal, SuggestedAction.ResetDevice)]
    [InlineData("79,151,167,173", Severity.Fatal, SuggestedAction.Reboot)]
    [InlineData("54", Severity.Fatal, SuggestedAction.Replace)]
    public void Each_class_has_its_severity_and_action(string codes, Severity severity, SuggestedAction action)
    {
        Assert.All(Expand(codes), code =>
        {
            Assert.NotEqual("unknown", Table[code].Name);
            Assert.Equal((code, severity, action), (code, Table[code].Severity, Table[code].Action));
        });
    }

    [Fact]
    public void Every_number_up_to_the_newest_has_a_row()
    {
        Assert.Equal(Enumerable.Range(1, 173).Select(code => (long)code), Table.Known.Select(xid => xid.Code).Order());
    }

    [Theory]
    [InlineData(0), InlineData(174), InlineData(999), InlineData(long.MaxValue), InlineData(-1)]
    public void An_unknown_number_is_worth_an_alert_and_takes_nothing_away(long code)
    {
        var xid = Table[code];

        Assert.Equal(("unknown", Severity.Degraded, SuggestedAction.Observe), (xid.Name, xid.Severity, xid.Action));
        Assert.Equal($"nvidia.xid.{code}", xid.ProblemId);
    }

    [Fact]
    public void How_a_problem_ends_follows_from_what_it_needs()
    {
        Assert.All(Table.Known, xid => Assert.Equal(
            xid.Code == 163 ? Clearing.OnHealthyReading : (xid.Severity, xid.Action) switch // 162 says that it works again
            {
                (Severity.Info, _) => Clearing.AfterQuiet(TimeSpan.FromHours(1)),
                (Severity.Degraded, _) => Clearing.AfterQuiet(TimeSpan.FromHours(24)),
                (_, SuggestedAction.ResetDevice) => Clearing.OnReset,
                (_, SuggestedAction.Reboot) => Clearing.OnBoot,
                _ => Clearing.ByHand,
            },
            xid.Clearing));
    }

    [Fact]
    public void A_faulty_application_never_takes_a_device_away()
    {
        Assert.All(Table.Known.Where(xid => xid.Cause == Cause.Application), xid => Assert.Equal(Severity.Info, xid.Severity));
    }

    [Fact]
    public void Each_message_is_one_sentence()
    {
        Assert.All(Table.Known, xid => Assert.Matches(@"^[A-Z][^.]*(nvidia\.[a-z-]+[^.]*)?\.$", xid.Message));
    }

    [Theory]
    [InlineData("79\tname\tfatal\thardware\treboot\tboot", "line 2 has not seven columns")]
    [InlineData("79\tname\tdeadly\thardware\treboot\tboot\tGone.", "'deadly' is no severity")]
    [InlineData("79\tname\tfatal\tgremlins\treboot\tboot\tGone.", "'gremlins' is no cause")]
    [InlineData("79\tname\tfatal\thardware\tpray\tboot\tGone.", "'pray' is no action")]
    [InlineData("79\tname\tfatal\thardware\treboot\tnever\tGone.", "'never' is no clearing")]
    [InlineData("78-80,79\tname\tfatal\thardware\treboot\tboot\tGone.", "line 2: Xid 79 stands in the table twice")]
    public void A_broken_row_is_named(string row, string said)
    {
        var fault = Assert.Throws<FormatException>(() => NvidiaXidTable.Parse(new StringReader("head\n" + row + "\n")));

        Assert.Equal(said, fault.Message);
    }

    private static IEnumerable<long> Expand(string codes)
    {
        foreach (var part in codes.Split(','))
        {
            var ends = part.Split('-').Select(long.Parse).ToArray();
            for (var code = ends[0]; code <= ends[^1]; code++)
                yield return code;
        }
    }
}
