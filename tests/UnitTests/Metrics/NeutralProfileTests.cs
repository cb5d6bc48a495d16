using System.Text.RegularExpressions;
using AIInfra.Core.Metrics;
using AIInfra.Core.Sampling;

namespace AIInfra.UnitTests.Metrics;

/// <summary>The neutral names as a table: every vendor rests on it.</summary>
public sealed partial class NeutralProfileTests
{
    [GeneratedRegex("^hw_[a-z0-9_]+$")]
    private static partial Regex NameForm();

    [Fact]
    public void Names_are_of_one_form_and_a_family_has_one_type_one_help_and_one_set_of_label_names()
    {
        Assert.All(NeutralProfile.Families, family =>
        {
            Assert.Matches(NameForm(), family.Name);
            Assert.Equal(family.Type == MetricType.Counter, family.Name.EndsWith("_total", StringComparison.Ordinal));
            Assert.Equal((1, false), (family.Scale, family.IsInteger)); // base units, nothing rounded
            Assert.EndsWith(".", family.Help);
        });
        Assert.All(NeutralProfile.Families.GroupBy(family => family.Name), family =>
        {
            Assert.Single(family.Select(row => (row.Type, row.Help)).Distinct());
            Assert.Single(family.Select(row => string.Join(',', row.Labels.Select(label => label.Key))).Distinct());
            Assert.Equal(family.Count(), family.Select(row => (row.Scope, string.Join(',', row.Labels))).Distinct().Count());
        });
    }

    [Fact]
    public void A_vendor_has_the_families_of_its_fields_and_no_others()
    {
        var table = new FieldTable("acme", [new("port_data_received_bytes_total", FieldKind.Counter), new("something_else", FieldKind.Gauge)]);

        var profile = NeutralProfile.Of(table, [], [], kind: "network");

        Assert.Equal(["hw_network_io_bytes_total"], profile.Families.Select(family => family.Name));
        Assert.Equal(["hw_accelerator_info", "hw_status"], profile.Rows.Select(rows => rows.Head.Name));
    }
}
