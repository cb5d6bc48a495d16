using AIInfra.Core.Metrics;
using AIInfra.Testing;
using AIInfra.Vendors.Nvidia;

namespace AIInfra.UnitTests.Vendors;

public sealed class MetricsPageReferenceTests
{
    [Fact]
    public void The_reference_of_metrics_is_what_the_code_says()
    {
        var path = RepositoryRoot.Combine("docs", "metrics.md");
        var reference = MetricsReference.Write([NvidiaDcgmProfile.Profile]);
        if (Environment.GetEnvironmentVariable("AIINFRA_UPDATE_DOCS") == "1")
            File.WriteAllText(path, reference);

        Assert.Equal(reference, File.ReadAllText(path));
    }
}
