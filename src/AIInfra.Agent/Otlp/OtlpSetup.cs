using System.Runtime.CompilerServices;
using AIInfra.Core.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace AIInfra.Agent.Otlp;

internal static class OtlpSetup
{
    /// <summary>Sends by OTLP where the environment asks for it (OTEL_EXPORTER_OTLP_ENDPOINT).</summary>
    public static IServiceCollection AddOtlp(this IServiceCollection services)
    {
        var settings = OtlpSettings.Read(Environment.GetEnvironmentVariable);
        return settings.IsOn || !settings.Faults.IsEmpty ? Add(services, settings) : services;
    }

    [MethodImpl(MethodImplOptions.NoInlining)] // or the caller would load what this one needs
    private static IServiceCollection Add(IServiceCollection services, OtlpSettings settings) => services.AddSingleton(settings).AddWorker<OtlpWorker>(OtlpWorker.Part);
}
