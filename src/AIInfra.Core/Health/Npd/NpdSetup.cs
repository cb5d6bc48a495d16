using AIInfra.Core.Health.Logs;
using AIInfra.Core.Health.Npd.Configuration;
using AIInfra.Core.Health.Npd.Logs;
using AIInfra.Core.Health.Npd.Plugins;
using AIInfra.Core.Health.Npd.Stats;
using AIInfra.Core.Hosting;
using AIInfra.Core.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.Health.Npd;

public static class NpdSetup
{
    /// <summary>Adds what node-problem-detector's files ask for. The board is there also without any file: it is then empty.</summary>
    public static IServiceCollection AddNpd(this IServiceCollection services, NpdConfiguration configuration)
    {
        services
            .AddSingleton(configuration)
            .AddSingleton<BootClock>()
            .AddSingleton(provider => new NpdBoard(configuration, provider.GetRequiredService<HealthBoard>(), provider.GetRequiredService<TimeProvider>()));
        if (configuration.IsEmpty)
            return services;
        services.AddWorker<NpdWorker>(NpdWorker.Part).AddSingleton<PageRows, NpdMetricRows>();
        if (configuration.Logs.Any(log => log.Kind == NpdLogKind.Kmsg))
        {
            services.AddSingleton<IKernelLogListener>(provider => new NpdKernelLog(
                [.. configuration.Logs.Where(log => log.Kind == NpdLogKind.Kmsg)], provider.GetRequiredService<NpdBoard>(),
                provider.GetRequiredService<BootClock>(), provider.GetService<LogCounters>()?.Slow ?? new SlowPatterns()));
        }
        services.AddSingleton<NpdLogBoards>();
        foreach (var file in configuration.Logs.Where(log => log.Kind == NpdLogKind.FileLog))
        {
            services.AddWorker($"npd log {file.Name}", provider => new FileLogWorker(
                file, provider.GetRequiredService<NpdLogBoards>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<FileLogWorker>>()));
        }
        foreach (var journal in configuration.Logs.Where(log => log.Kind == NpdLogKind.Journald).GroupBy(log => log.LogPath))
        {
            services.AddWorker($"npd journal {journal.Key}".TrimEnd(), provider => new JournalWorker(
                journal.Key, [.. journal], provider.GetRequiredService<NpdLogBoards>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<JournalWorker>>()));
        }
        if (!configuration.Plugins.IsEmpty)
            services.AddSingleton<PluginRuns>();
        foreach (var monitor in configuration.Plugins)
        {
            services.AddWorker($"npd plugins {monitor.Name}", provider => new PluginWorker(
                monitor, provider.GetRequiredService<PluginRuns>(), provider.GetRequiredService<NpdBoard>(), provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<ILogger<PluginWorker>>()));
        }
        if (!configuration.Stats.IsEmpty)
            services.AddSingleton<StatsRows>().AddSingleton<PageRows>(provider => provider.GetRequiredService<StatsRows>());
        foreach (var monitor in configuration.Stats)
        {
            services.AddWorker($"npd stats {monitor.Name}", provider => new StatsWorker(
                monitor, provider.GetRequiredService<StatsRows>(), provider.GetRequiredService<HostPaths>(), provider.GetRequiredService<TimeProvider>()));
        }
        return services;
    }
}
