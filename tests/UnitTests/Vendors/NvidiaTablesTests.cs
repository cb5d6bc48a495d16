using AIInfra.Core.Sampling;
using AIInfra.Vendors.Nvidia;

namespace AIInfra.UnitTests.Vendors;

public sealed class NvidiaTablesTests
{
    [Fact]
    public void A_sample_stays_bounded_and_each_field_says_its_unit()
    {
        Assert.InRange(NvidiaFields.Table.Count, 1, 220); // 9 bytes each, for a board and up to seven partitions, in one frame
        Assert.All(NvidiaFields.Table.Fields, field =>
        {
            Assert.Matches("^[a-z][a-z0-9_]*[a-z0-9]$", field.Name);
            Assert.Equal(field.Kind == FieldKind.Counter, field.Name.EndsWith("_total", StringComparison.Ordinal));
        });
    }

    [Fact]
    public void No_field_id_is_one_that_headers_gave_anew()
    {
        Assert.All(NvidiaTables.Fields, row => Assert.InRange(row.Id, 1u, 250u));
        Assert.Equal(NvidiaTables.Fields.Length, NvidiaTables.Fields.Select(row => row.Id).Distinct().Count());
    }

    [Theory]
    [InlineData(7u, "ecc_volatile_l1_corrected_total")]
    [InlineData(10u, "ecc_volatile_l2_uncorrected_total")]
    [InlineData(12u, "ecc_volatile_device_memory_uncorrected_total")]
    [InlineData(13u, "ecc_volatile_registers_corrected_total")]
    [InlineData(17u, "ecc_volatile_cbu_uncorrected_total")]
    [InlineData(18u, "ecc_aggregate_l1_corrected_total")]
    [InlineData(27u, "ecc_aggregate_texture_uncorrected_total")]
    [InlineData(28u, "ecc_aggregate_cbu_uncorrected_total")]
    public void Errors_by_place_have_the_ids_of_the_header(uint id, string name)
    {
        Assert.Equal(name, NvidiaTables.Fields.Single(row => row.Id == id).Name);
    }

    [Theory] // slices, megabytes, bytes of the board, name
    [InlineData(1u, 9856, 85_520_809_984.0, "1g.10gb")] // of an H100 with 80 GB
    [InlineData(2u, 20096, 85_520_809_984.0, "2g.20gb")]
    [InlineData(3u, 40448, 85_520_809_984.0, "3g.40gb")]
    [InlineData(7u, 81184, 85_520_809_984.0, "7g.80gb")]
    [InlineData(1u, 4864, 42_505_273_344.0, "1g.5gb")] // of an A100 with 40 GB
    [InlineData(4u, 20096, 42_505_273_344.0, "4g.20gb")]
    [InlineData(0u, 9856, 85_520_809_984.0, "unknown")]
    [InlineData(1u, 0, 85_520_809_984.0, "unknown")]
    [InlineData(1u, 9856, 0.0, "unknown")]
    public void A_profile_that_the_driver_does_not_name_is_named_as_it_would(uint slices, long megabytes, double board, string name)
    {
        Assert.Equal(name, NvmlLibrary.ProfileOf(slices, megabytes, board));
    }

    [Theory]
    [InlineData("MIG 1g.10gb", "1g.10gb")]
    [InlineData("MIG 1g.10gb+me", "1g.10gb+me")]
    [InlineData("3g.40gb", "3g.40gb")]
    [InlineData("MIG ", null)]
    [InlineData("MIG 1g/10gb\n", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void A_name_of_the_driver_is_taken_when_it_can_be_part_of_a_resource(string? said, string? profile)
    {
        Assert.Equal(profile, NvmlLibrary.Cleaned(said));
    }
}
