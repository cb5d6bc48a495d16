using System.Collections.Immutable;
using System.Net;
using AIInfra.Aggregator.Identity;
using AIInfra.Aggregator.Streams;
using AIInfra.Core.Configuration;

namespace AIInfra.Aggregator.Configuration;

/// <summary>Finds and checks the configuration: the file, then the environment over it.</summary>
internal static class AggregatorConfig
{
    public const string DefaultFile = "/etc/aiinfra/aggregator.yaml";

    /// <param name="file">Null: <see cref="DefaultFile"/> if it is there, else the defaults alone.</param>
    public static (Config Config, ImmutableArray<ConfigError> Errors) Load(string? file)
    {
        var path = file is null && !File.Exists(DefaultFile) ? null : file ?? DefaultFile;
        var (values, faults) = path is null ? ([], []) : YamlConfigReader.ReadFile(path);
        var (config, errors) = AggregatorKeys.Schema.Check(values.AddRange(EnvironmentConfigReader.Read(Environment.GetEnvironmentVariables())));
        var all = faults.AddRange(errors);
        if (all.IsEmpty && (config.Get(AggregatorKeys.ListenCertificate).Length == 0) != (config.Get(AggregatorKeys.ListenKey).Length == 0))
            all = [new ConfigError(new ConfigMark(path ?? "environment", 0, 0), "listen.certificate and listen.key belong together: set both, or neither.")];
        if (all.IsEmpty)
            all = Hosting.StoreServices.Check(config, new ConfigMark(path ?? "environment", 0, 0));
        return (config, all);
    }

    /// <summary>Prints every error on a line of its own. True when there is none.</summary>
    public static bool Report(ImmutableArray<ConfigError> errors, TextWriter output)
    {
        foreach (var error in errors)
            output.WriteLine(error);
        if (errors.Length > 0)
            output.WriteLine($"{(errors.Length == 1 ? "One error" : $"{errors.Length} errors")} in the configuration; nothing was started. `aiinfra-aggregator check-config FILE` checks a file without starting.");
        return errors.Length == 0;
    }

    public static StreamOptions Streams(Config config) => new()
    {
        Version = ProgramInfo.Version,
        Silence = config.Get(AggregatorKeys.Silence),
        MostNodes = config.Get(AggregatorKeys.MostNodes),
    };

    public static ServerCertificateOptions Certificate(Config config) => new(
        [.. config.Get(AggregatorKeys.ListenNames), .. Names(config.Get(AggregatorKeys.ListenAddress).Address)],
        config.Get(AggregatorKeys.ListenCertificate), config.Get(AggregatorKeys.ListenKey));

    public static BoundTokenOptions BoundTokens(Config config) => new(
        config.Get(AggregatorKeys.Audience), config.Get(AggregatorKeys.Accounts) is { IsEmpty: false } accounts ? accounts : ["aiinfra-system/aiinfra-agent"]);

    private static IEnumerable<string> Names(IPAddress bound)
    {
        yield return Dns.GetHostName();
        yield return "localhost";
        yield return "127.0.0.1";
        yield return "::1";
        if (!bound.Equals(IPAddress.Any) && !bound.Equals(IPAddress.IPv6Any))
            yield return bound.ToString();
    }
}
