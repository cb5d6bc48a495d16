using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;
using AIInfra.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AIInfra.UnitTests.VendorHost;

public sealed class VendorSetupTests
{
    [Theory]
    [InlineData(null)]
    [InlineData(true)]
    public void A_vendor_that_is_on_or_automatic_has_a_worker_of_its_own(bool? enabled)
    {
        using var services = Build(enabled);

        Assert.Single(services.GetServices<IHostedService>());
    }

    [Fact]
    public void A_vendor_that_is_off_has_none()
    {
        using var services = Build(enabled: false);

        Assert.Empty(services.GetServices<IHostedService>());
    }

    private static ServiceProvider Build(bool? enabled)
    {
        var definition = new VendorDefinition("acme", "libacme.so.1", new FieldTable("acme", []), new Silent());
        var time = new ManualTime();
        return new ServiceCollection()
            .AddLogging()
            .AddSingleton<TimeProvider>(time)
            .AddSingleton(new HostPaths())
            .AddSingleton<InventoryBoard>().AddSingleton<SampleBoard>().AddSingleton<WorkerBoard>()
            .AddSingleton(new HealthBoard(time, "boot-1", []))
            .AddVendor(definition, new VendorOptions { Enabled = enabled, Library = definition.Library }, new VendorHostLauncher("/proc/self/exe", []))
            .BuildServiceProvider();
    }

    private sealed class Silent : IVendorRules
    {
        public void OnEvent(Device? device, VendorEvent happened, DateTimeOffset at, HealthBoard board)
        {
        }

        public void OnSample(Device device, Reading[]? before, Reading[] now, DateTimeOffset at, HealthBoard board)
        {
        }

        public void OnLost(Device device, VendorException fault, DateTimeOffset at, HealthBoard board)
        {
        }
    }
}
