using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AIInfra.Vendors.Intel.LevelZero;

public static class LevelZeroSetup
{
    /// <summary>What the configuration calls the loader's usual name.</summary>
    public const string UsualLibrary = "auto";

    internal static VendorDefinition Definition => new("intel-levelzero", LevelZeroLibrary.File, IntelFields.Table, new LevelZeroRules())
    {
        Beside = IntelFields.Vendor,
        ListsOnce = true,
        Switch = "vendors.intel.levelZero",
    };

    /// <summary>Tells more of Intel's GPUs than their files, where Level Zero is installed. After <see cref="IntelSetup.AddIntel"/>.</summary>
    public static IServiceCollection AddLevelZero(this IServiceCollection services, VendorOptions options, VendorHostLauncher launcher) => options.Enabled == false
        ? services
        : services.AddWorker("level-zero", provider =>
        {
            var given = options.Library == UsualLibrary ? options with { Library = LevelZeroLibrary.File } : options;
            var (readings, time) = (provider.GetRequiredService<LevelZeroReadings>(), provider.GetRequiredService<TimeProvider>());
            var boards = new VendorBoards(
                readings.Inventory, readings.Samples, provider.GetRequiredService<HealthBoard>(), given.Enabled == true ? provider.GetRequiredService<WorkerBoard>() : new WorkerBoard(),
                provider.GetService<VendorReleases>(), null, provider.GetService<VendorPauses>(), provider.GetService<Heartbeats>());
            var worker = new VendorWorker(
                Definition, given, launcher, boards, StoredInventories.None, provider.GetRequiredService<HostPaths>(), time, provider.GetRequiredService<ILogger<VendorWorker>>());
            return new LevelZeroWorker(provider.GetRequiredService<SampleBoard>(), given, worker.RunAsync, time);
        });
}
