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
    /// <param name="host">Where the host's files are.</param>
    /// <param name="packs">Of the host's own journal; null: it is read only for monitors that name it.</param>
    public static IServiceCollection AddNpd(this IServiceCollection services, NpdConfiguration configuration, HostPaths host, JournalRuleOptions? packs)
    {
        services
            .AddSingleton(configuration)
            .AddSingleton<BootClock>()
            .AddSingleton(provider => new NpdBoard(configuration, provider.GetRequiredService<HealthBoard>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<NpdLogBoards>();
        AddJournals(services, configuration, host, packs);
        if (configuration.IsEmpty)
            return services;
        services.AddWorker<NpdWorker>(NpdWorker.Part).AddSingleton<PageRows, NpdMetricRows>();
        if (configuration.Logs.Any(log => log.Kind == NpdLogKind.Kmsg))
        {
            services.AddSingleton<IKernelLogListener>(provider => new NpdKernelLog(
                [.. configuration.Logs.Where(log => log.Kind == NpdLogKind.Kmsg)], provider.GetRequiredService<NpdBoard>(),
                provider.GetRequiredService<BootClock>(), provider.GetService<LogCounters>()?.Slow ?? new SlowPatterns()));
        }
        foreach (var file in configuration.Logs.Where(log => log.Kind == NpdLogKind.FileLog))
        {
            services.AddWorker($"npd log {file.Name}", provider => new FileLogWorker(
                file, provider.GetRequiredService<NpdLogBoards>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<FileLogWorker>>()));
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

    /// <summary>One reader a journal, whoever wants its entries.</summary>
    private static void AddJournals(IServiceCollection services, NpdConfiguration configuration, HostPaths host, JournalRuleOptions? packs)
    {
        var journals = configuration.Logs.Where(log => log.Kind == NpdLogKind.Journald)
            .ToLookup(log => packs is null ? log.LogPath : JournalFolder.Shared(log.LogPath, host));
        foreach (var folder in journals.Select(journal => journal.Key).Concat(packs is null ? [] : [""]).Distinct())
        {
            var isPacks = packs is not null && folder.Length == 0;
            services.AddWorker(isPacks ? JournalWorker.HostPart : $"npd journal {folder}".TrimEnd(), provider => new JournalWorker(
                folder, [.. journals[folder]], provider.GetRequiredService<NpdLogBoards>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<JournalWorker>>(),
                isPacks ? new JournalPacks(packs!, provider.GetRequiredService<KernelLogBoards>()) : null));
        }
    }
}
