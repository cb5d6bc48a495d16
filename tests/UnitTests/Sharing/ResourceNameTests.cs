using AIInfra.Core.Sharing;

namespace AIInfra.UnitTests.Sharing;

public sealed class ResourceNameTests
{
    [Theory]
    [InlineData("nvidia.com/gpu")]
    [InlineData("huawei.com/Ascend910")]
    [InlineData("nvidia.com/mig-1g.10gb")]
    [InlineData("rdma/hca_shared")]
    public void Names_in_use_are_names(string name) => Assert.Null(ResourceName.Fault(name));

    [Theory]
    [InlineData("gpu", "slash")]
    [InlineData("/gpu", "1 to 244")]
    [InlineData("nvidia.com/", "1 to 63")]
    [InlineData("Nvidia.com/gpu", "lower-case")]
    [InlineData("nvidia..com/gpu", "lower-case")]
    [InlineData("-nvidia.com/gpu", "lower-case")]
    [InlineData("requests.nvidia.com/gpu", "quotas")]
    [InlineData("node.kubernetes.io/gpu", "kubernetes.io")]
    [InlineData("nvidia.com/-gpu", "begins and ends")]
    [InlineData("nvidia.com/gpu/2", "begins and ends")]
    [InlineData("nvidia.com/gpu 2", "begins and ends")]
    public void What_the_kubelet_would_refuse_is_refused_with_the_reason(string name, string reason) =>
        Assert.Contains(reason, ResourceName.Fault(name), StringComparison.Ordinal);

    [Fact]
    public void The_part_before_the_slash_leaves_room_for_what_quotas_put_in_front()
    {
        var domain = string.Join('.', Enumerable.Repeat(new string('a', 60), 4));

        Assert.Null(ResourceName.Fault($"{domain}/gpu"));
        Assert.Contains("1 to 244", ResourceName.Fault($"a.{domain}/gpu"), StringComparison.Ordinal);
    }
}
