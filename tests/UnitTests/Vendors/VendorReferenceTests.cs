using AIInfra.Testing;
using AIInfra.Vendors;

namespace AIInfra.UnitTests.Vendors;

public sealed class VendorReferenceTests
{
    [Fact]
    public void The_page_of_vendors_is_what_the_drivers_say()
    {
        var path = RepositoryRoot.Combine("docs", "vendors.md");
        if (Environment.GetEnvironmentVariable("AIINFRA_UPDATE_DOCS") == "1")
            File.WriteAllText(path, VendorReference.Write());

        Assert.Equal(VendorReference.Write(), File.ReadAllText(path));
    }
}
