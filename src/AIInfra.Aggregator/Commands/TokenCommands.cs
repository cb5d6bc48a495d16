using System.CommandLine;
using AIInfra.Aggregator.Configuration;
using AIInfra.Aggregator.Identity;
using AIInfra.Core.Configuration;

namespace AIInfra.Aggregator.Commands;

/// <summary><c>token create</c>, <c>list</c> and <c>revoke</c>: on the state folder, whether the aggregator runs or not.</summary>
internal static class TokenCommands
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(3650);

    public static Command Create(Option<string?> configFile) => new("token", "Tokens of people, and tokens with which nodes join") { Make(configFile), List(configFile), Revoke(configFile) };

    private static Command Make(Option<string?> configFile)
    {
        var role = new Option<string>("--role") { Description = "join, viewer, operator or admin", Required = true };
        role.AcceptOnlyFromAmong("join", "viewer", "operator", "admin");
        var name = new Option<string>("--name") { Description = "What it is for, as the audit shows it", DefaultValueFactory = _ => "" };
        var expires = new Option<string>("--expires") { Description = "When it ends: 12h, 30d … (default: 24h to join, 90d for people)", DefaultValueFactory = _ => "" };
        var nodes = new Option<string>("--nodes") { Description = "Of a join token: for which nodes, a name or a pattern such as gpu-*", DefaultValueFactory = _ => "*" };
        var command = new Command("create", "Make a token and print it, this once") { role, name, expires, nodes, configFile };
        command.SetAction((parsed, _) => AggregatorCommandLine.WithConfigAsync(parsed.GetValue(configFile), config =>
        {
            var kind = Enum.Parse<TokenRole>(parsed.GetValue(role)!, ignoreCase: true);
            var given = parsed.GetValue(expires)!;
            if ((given.Length == 0 ? (kind == TokenRole.Join ? TimeSpan.FromDays(1) : TimeSpan.FromDays(90)) : Lifetime(given)) is not { } lifetime)
                return Fail($"--expires {given}: it must be a number with m, h or d, as in 12h or 30d, and at most 3650d.", ExitStatus.Usage);
            if (parsed.GetValue(nodes) is { } pattern && pattern != "*" && kind != TokenRole.Join)
                return Fail("--nodes goes with --role join only.", ExitStatus.Usage);
            return Do(config, (folder, tokens) =>
            {
                var fingerprint = kind == TokenRole.Join ? Authority.Open(folder, TimeProvider.System).Fingerprint : "";
                Console.WriteLine(tokens.Create(kind, parsed.GetValue(name)!, lifetime, parsed.GetValue(nodes)!, fingerprint));
                return ExitStatus.Ok;
            });
        }));
        return command;
    }

    private static Command List(Option<string?> configFile)
    {
        var command = new Command("list", "The tokens there are; never their secrets") { configFile };
        command.SetAction((parsed, _) => AggregatorCommandLine.WithConfigAsync(parsed.GetValue(configFile), config => Do(config, (_, tokens) =>
        {
            var now = TimeProvider.System.GetUtcNow();
            Console.WriteLine($"{"ID",-10}{"ROLE",-10}{"EXPIRES",-22}{"STATE",-9}{"NODES",-16}NAME");
            foreach (var token in tokens.All.OrderBy(token => token.Created))
                Console.WriteLine($"{token.Id,-10}{token.Role.ToString().ToLowerInvariant(),-10}{token.Expires.UtcDateTime,-22:yyyy-MM-dd HH:mm'Z'}{(token.Revoked is not null ? "revoked" : now < token.Expires ? "good" : "ended"),-9}{(token.Role == TokenRole.Join ? token.Nodes : "-"),-16}{token.Name}");
            return tokens.Fault is { } fault ? Say(fault) : ExitStatus.Ok;
        })));
        return command;
    }

    private static Command Revoke(Option<string?> configFile)
    {
        var id = new Argument<string>("ID") { Description = "As `token list` shows it" };
        var command = new Command("revoke", "End a token now; a running aggregator sees it within seconds") { id, configFile };
        command.SetAction((parsed, _) => AggregatorCommandLine.WithConfigAsync(parsed.GetValue(configFile), config => Do(config, (_, tokens) =>
        {
            if (!tokens.Revoke(parsed.GetValue(id)!))
                return Say($"There is no token {parsed.GetValue(id)}; `aiinfra-aggregator token list` shows them.");
            Console.WriteLine($"Token {parsed.GetValue(id)} is revoked.");
            return ExitStatus.Ok;
        })));
        return command;
    }

    /// <summary>Does something with the files of the state folder; what goes wrong with them is one sentence.</summary>
    internal static Task<int> Do(Config config, Func<string, Tokens, int> act)
    {
        var folder = config.Get(AggregatorKeys.StatePath);
        try
        {
            return Task.FromResult(act(folder, new Tokens(folder, TimeProvider.System)));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return Fail($"{fault.Message.TrimEnd('.')}. The state folder is {folder} (state.path); run this as its owner.", ExitStatus.CannotCreate);
        }
    }

    internal static int Say(string sentence)
    {
        Console.Error.WriteLine(sentence);
        return ExitStatus.NotDone;
    }

    private static Task<int> Fail(string sentence, int status)
    {
        Console.Error.WriteLine(sentence);
        return Task.FromResult(status);
    }

    private static TimeSpan? Lifetime(string text)
    {
        if (text.Length < 2 || !int.TryParse(text.AsSpan(0, text.Length - 1), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number) || number is < 1 or > 6_000_000)
            return null;
        TimeSpan? lifetime = text[^1] switch { 'm' => TimeSpan.FromMinutes(number), 'h' => TimeSpan.FromHours(number), 'd' => TimeSpan.FromDays(number), _ => null };
        return lifetime <= Longest ? lifetime : null;
    }
}
