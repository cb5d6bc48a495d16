using AIInfra.Core.Hosting;
using AIInfra.Kubernetes.Reporting;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Kubernetes;

public sealed class ReportingPartTests
{
    private readonly WorkerBoard _board = new();
    private readonly RecordedLog<ReportingPart> _log = new();

    [Fact]
    public void Each_kind_of_trouble_is_said_once_until_all_is_well_also_where_kinds_take_turns()
    {
        var part = new ReportingPart("kubernetes", _board, _log);

        for (var turn = 0; turn < 3; turn++)
        {
            part.Bad("Timeout", "no answer");
            part.Bad("Unreachable", "refused");
        }
        Assert.Equal(["kubernetes: no answer", "kubernetes: refused"], _log.Lines.Select(line => line.Text));
        Assert.Equal("refused", _board.Parts["kubernetes"].Detail);

        part.Good();
        part.Good();
        part.Bad("Timeout", "no answer");
        Assert.Equal(["kubernetes: no answer", "kubernetes: refused", "kubernetes: works again", "kubernetes: no answer"], _log.Lines.Select(line => line.Text));
    }
}
