using AIInfra.Core.Sampling;

namespace AIInfra.UnitTests.Sampling;

public sealed class SampleBoardTests
{
    private static readonly FieldTable Fields = new("nvidia", [new("power_watts", FieldKind.Gauge), new("last_xid", FieldKind.Gauge)]);

    [Fact]
    public void A_new_round_replaces_the_vendors_last_one_and_leaves_the_others()
    {
        var board = new SampleBoard();
        board.Publish(new VendorSample(Fields, [new DeviceSample("GPU-0", [Reading.Of(300), Reading.Absent], 1)]));
        board.Publish(new VendorSample(new FieldTable("amd", []), []));
        board.Publish(new VendorSample(Fields, [new DeviceSample("GPU-0", [Reading.Unknown, Reading.Absent], 2)]));

        Assert.Equal(["amd", "nvidia"], board.Current.Value.Vendors.Select(vendor => vendor.Fields.Vendor));
        Assert.Equal(2, board.Current.Value.Vendors[1].Find("GPU-0")!.Timestamp);
        Assert.Null(board.Current.Value.Vendors[1].Find("GPU-1"));
    }

    [Fact]
    public void A_reading_is_absent_unknown_or_present_and_never_two_of_them()
    {
        Assert.Equal(Reading.Absent, default);
        Assert.Equal([false, false, true], new[] { Reading.Absent, Reading.Unknown, Reading.Of(0) }.Select(reading => reading.IsPresent));
        Assert.NotEqual(Reading.Absent, Reading.Unknown);
        Assert.NotEqual(Reading.Of(0), Reading.Unknown);
    }

    [Fact]
    public void A_field_has_the_place_it_has_in_the_table_and_an_unknown_name_is_a_mistake()
    {
        Assert.Equal(1, Fields["last_xid"]);
        Assert.Throws<KeyNotFoundException>(() => Fields["Last_Xid"]);
        Assert.Throws<ArgumentException>(() => new FieldTable("nvidia", [new("twice", FieldKind.Gauge), new("twice", FieldKind.Gauge)]));
    }
}
