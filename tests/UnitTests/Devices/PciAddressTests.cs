using AIInfra.Core.Devices;
using FsCheck;
using FsCheck.Fluent;

namespace AIInfra.UnitTests.Devices;

public sealed class PciAddressTests
{
    [Theory]
    [InlineData("0000:3b:00.0", "0000:3b:00.0")] // sysfs
    [InlineData("00000000:3B:00.0", "0000:3b:00.0")] // NVML
    [InlineData("0000:3B:00", "0000:3b:00.0")] // the kernel log
    [InlineData("3b:00.0", "0000:3b:00.0")] // lspci
    [InlineData("3b:1f", "0000:3b:1f.0")]
    [InlineData("00010000:3b:00.0", "10000:3b:00.0")] // a domain of its own behind VMD
    public void The_ways_it_is_written_are_one_address(string text, string expected) => Assert.Equal(expected, PciAddress.Normalise(text));

    [Theory]
    [InlineData("")]
    [InlineData("3b")]
    [InlineData("3b:20.0")] // a bus has 32 devices
    [InlineData("3b:00.8")] // a device has 8 functions
    [InlineData("3b:00.")]
    [InlineData("3b:00.0.0")]
    [InlineData("000:3b:00.0")]
    [InlineData("000000000:3b:00.0")]
    [InlineData("0000:3b:00.0:1")]
    [InlineData("g0:00.0")]
    [InlineData(" 3b:00.0")]
    [InlineData("+b:00.0")]
    public void What_is_none_is_null(string text) => Assert.Null(PciAddress.Normalise(text));

    [Fact]
    [Trait("Kind", "Fuzz")]
    public void Whatever_the_text_an_address_that_comes_out_stays_as_it_is() =>
        Prop.ForAll(Gen.Elements("0123456789abcdefABCDEF:.. ".ToCharArray()).ListOf().Select(letters => string.Concat(letters)).ToArbitrary(), text =>
            PciAddress.Normalise(text) is not { } address || PciAddress.Normalise(address) == address)
        .Check(Config.QuickThrowOnFailure.WithMaxTest(5000));
}
