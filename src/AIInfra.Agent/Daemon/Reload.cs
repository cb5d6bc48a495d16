using System.Runtime.InteropServices;
using System.Security.Cryptography;
using AIInfra.Agent.Configuration;
using AIInfra.Core.Configuration;
using AIInfra.Core.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AIInfra.Agent.Daemon;

/// <summary>Takes over a changed configuration: on SIGHUP, and with <c>reload.onChange</c> when the files are others than at the start (an editor saved, a ConfigMap was swapped).
/// It is checked first, and a wrong one changes nothing. The daemon then ends in order and the same process begins anew: devices are away for as long as a restart takes.</summary>
/// <param name="file">The configuration file as it was named; null: the default.</param>
/// <param name="config">What it held at the start, and so which other files it names.</param>
internal sealed partial class Reload(string? file, Config config, TimeProvider time, ILogger<Reload> logger) : IWorker, IDisposable
{
    /// <summary>Name of the part in /readyz.</summary>
    public const string Part = "configuration";

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _asked = new();
    private readonly string _atStart = config.Get(ReloadKeys.OnChange) ? Fingerprint(file, config) : ""; // nobody else compares it
    private PosixSignalRegistration? _signal;

    /// <summary>Cancelled when the daemon is to end and begin anew.</summary>
    public CancellationToken Asked => _asked.Token;
    public bool IsAsked => _asked.IsCancellationRequested;

    public void ListenForSignal() => _signal = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
    {
        context.Cancel = true; // by default it ends the process
        if (Check() is { } fault)
            LogRefused(fault);
        else
            Ask("SIGHUP");
    });

    /// <exception cref="InvalidDataException">The files have changed and are wrong: the part is not ready, and is looked at again.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var beat = new PeriodicTimer(Look, time);
        for (var seen = _atStart; await beat.WaitForNextTickAsync(cancellationToken);)
        {
            var now = Fingerprint(file, config);
            if (now == _atStart || now != seen) // half of it may be written: it has to look the same twice
            {
                seen = now;
                continue;
            }
            if (Check() is { } fault)
                throw new InvalidDataException($"The configuration was changed and is wrong; the one from the start holds. {fault}");
            Ask("a change of its files");
            return;
        }
    }

    public void Dispose()
    {
        _signal?.Dispose();
        _asked.Dispose();
    }

    private void Ask(string reason)
    {
        LogReload(reason);
        _asked.Cancel();
    }

    /// <returns>What is wrong; null: nothing.</returns>
    private string? Check()
    {
        var (_, _, errors) = AgentConfig.LoadWithFiles(file);
        return errors.IsEmpty ? null : string.Join(" ", errors);
    }

    /// <summary>Of the configuration file, and of what it names: rules, policy and files of other tools. What cannot be read counts as not there.</summary>
    private static string Fingerprint(string? file, Config config)
    {
        var named = config.Get(AgentKeys.Rules).SelectMany(Below)
            .Concat(config.Get(AgentKeys.NpdConfig)).Concat([config.Get(AgentKeys.RemediationPolicy), config.Get(AgentKeys.NvidiaConfig), config.Get(AgentKeys.DcgmCsv)]);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var path in named.Prepend(file ?? AgentConfig.DefaultFile).Where(path => path.Length > 0))
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes(path + "\n"));
            try
            {
                hash.AppendData(File.ReadAllBytes(path));
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                // It counts as not there.
            }
        }
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private static IEnumerable<string> Below(string folder)
    {
        try
        {
            return Directory.EnumerateFiles(folder, "*.yaml").Order(StringComparer.Ordinal).ToList();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The configuration is taken over, asked by {Reason}: the daemon begins anew in this process")]
    private partial void LogReload(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "SIGHUP: the configuration is wrong, and the one from the start holds. {Fault}")]
    private partial void LogRefused(string fault);
}

/// <summary>The part that takes over a changed configuration.</summary>
internal static class ReloadServices
{
    public static IServiceCollection AddReload(this IServiceCollection services, string? file, Config config)
    {
        services.AddSingleton(provider => new Reload(file, config, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<Reload>>()));
        return config.Get(ReloadKeys.OnChange) ? services.AddWorker(Reload.Part, provider => provider.GetRequiredService<Reload>()) : services;
    }
}
