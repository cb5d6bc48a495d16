using System.CommandLine;
using AIInfra.Aggregator.Identity;

namespace AIInfra.Aggregator.Commands;

/// <summary><c>certificate revoke</c> and <c>authority rotate</c>, <c>authority show</c>.</summary>
internal static class CertificateCommands
{
    public static Command Create(Option<string?> configFile)
    {
        var node = new Argument<string>("NODE") { Description = "The node's name" };
        var revoke = new Command("revoke", "End all certificates that a node has now; it has to join anew") { node, configFile };
        revoke.SetAction((parsed, _) => AggregatorCommandLine.WithConfigAsync(parsed.GetValue(configFile), config => TokenCommands.Do(config, (folder, _) =>
        {
            var name = parsed.GetValue(node)!;
            if (!NodeName.IsGood(name))
                return TokenCommands.Say($"{name} cannot be a node's name: it must be {NodeName.Form}.");
            new Revocations(folder, TimeProvider.System).Revoke(name);
            Console.WriteLine($"The certificates of {name} are revoked; its stream ends within 10 s.");
            return ExitStatus.Ok;
        })));
        return new Command("certificate", "Certificates of nodes") { revoke };
    }

    public static Command Authority(Option<string?> configFile)
    {
        var rotate = new Command("rotate", "Make a new authority; what the one before signed stays good until it expires") { configFile };
        rotate.SetAction((parsed, _) => AggregatorCommandLine.WithConfigAsync(parsed.GetValue(configFile), config => TokenCommands.Do(config, (folder, _) =>
        {
            Console.WriteLine($"The authority is {Identity.Authority.Rotate(folder, TimeProvider.System).Fingerprint} now. Join tokens that were made before do not let in any more: make new ones.");
            return ExitStatus.Ok;
        })));
        var show = new Command("show", "Print the authority's certificates, the newest first") { configFile };
        show.SetAction((parsed, _) => AggregatorCommandLine.WithConfigAsync(parsed.GetValue(configFile), config => TokenCommands.Do(config, (folder, _) =>
        {
            foreach (var certificate in Identity.Authority.Open(folder, TimeProvider.System).Trusted)
                Console.WriteLine($"# {Fleet.Identity.Fingerprint.Of(certificate)} until {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd}\n{certificate.ExportCertificatePem()}");
            return ExitStatus.Ok;
        })));
        return new Command("authority", "The authority that signs the nodes' certificates") { rotate, show };
    }
}
