using AIInfra.Aggregator.Identity;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Fleet;

public sealed class TokensTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("aiinfra-tokens-").FullName;
    private readonly ManualTime _time = new();

    [Fact]
    public void A_token_is_known_by_its_secret_until_it_ends()
    {
        var tokens = new Tokens(_folder, _time);
        var token = tokens.Create(TokenRole.Operator, "deploy", TimeSpan.FromHours(1), "*", "");

        Assert.Equal((TokenRole.Operator, "deploy"), (tokens.Find(token)!.Role, tokens.Find(token)!.Name));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Null(tokens.Find(token));
    }

    [Theory]
    [InlineData("")]
    [InlineData("ait")]
    [InlineData("ait..")]
    [InlineData("ait.ID.")]
    [InlineData("ait.ID.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("aij.ID.SECRET.00000000000000000000000000000000")]
    [InlineData("bearer.ID.SECRET")]
    public void What_is_not_quite_the_token_is_nobody(string wrong)
    {
        var tokens = new Tokens(_folder, _time);
        var token = tokens.Create(TokenRole.Admin, "", TimeSpan.FromHours(1), "*", "").Split('.');

        Assert.Null(tokens.Find(wrong.Replace("ID", token[1], StringComparison.Ordinal).Replace("SECRET", token[2], StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("deploy", " (deploy)")]
    [InlineData("", "")]
    public async Task The_audit_calls_a_token_by_its_id_and_its_name_if_it_has_one(string name, string called)
    {
        var tokens = new Tokens(_folder, _time);
        var token = tokens.Create(TokenRole.Viewer, name, TimeSpan.FromHours(1), "*", "");
        var callers = new Callers(new AuthorityHolder(Authority.Open(_folder, _time)), tokens, new Revocations(_folder, _time), null);

        var caller = await callers.FindAsync(null, $"Bearer {token}", TestContext.Current.CancellationToken);

        Assert.Equal($"token {token.Split('.')[1]}{called}", caller!.Name);
    }

    [Fact]
    public void What_root_makes_in_the_folder_of_a_service_is_the_services()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can give files away.");
        var folder = Path.Combine(_folder, "service");
        Directory.CreateDirectory(folder);
        Assert.Equal("", Run("chown", "65534:65533", folder));

        new Tokens(folder, _time).Create(TokenRole.Viewer, "", TimeSpan.FromHours(1), "*", "");
        new Revocations(folder, _time).Revoke("gpu-1");
        Authority.Open(folder, _time);
        Authority.Rotate(folder, _time);

        var made = Directory.GetFileSystemEntries(folder, "*", SearchOption.AllDirectories);
        Assert.Equal(["authority", "change.lock", "cross.pem", "current.key", "current.pem", "previous.pem", "revoked.json", "tokens.json"], made.Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.All(made, path => Assert.Equal("65534:65533\n", Run("stat", "-c", "%u:%g", path)));
    }

    [Fact]
    public void What_root_makes_in_its_own_folder_stays_roots()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can give files away.");
        new Tokens(_folder, _time).Create(TokenRole.Viewer, "", TimeSpan.FromHours(1), "*", "");

        Assert.Equal("0:0\n", Run("stat", "-c", "%u:%g", Path.Combine(_folder, "tokens.json")));
    }

    private static string Run(string program, params string[] arguments)
    {
        using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }

    [Fact]
    public void The_file_holds_no_secret_and_is_its_owners_alone()
    {
        var tokens = new Tokens(_folder, _time);
        var token = tokens.Create(TokenRole.Join, "", TimeSpan.FromHours(1), "gpu-*", new string('a', 32));
        var file = Path.Combine(_folder, "tokens.json");

        Assert.DoesNotContain(token.Split('.')[2], File.ReadAllText(file), StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal("gpu-*", tokens.Find(token)!.Nodes);
    }

    [Fact]
    public void What_another_process_revokes_counts_within_a_second()
    {
        var (daemon, command) = (new Tokens(_folder, _time), new Tokens(_folder, _time));
        var token = daemon.Create(TokenRole.Viewer, "", TimeSpan.FromHours(1), "*", "");
        Assert.NotNull(daemon.Find(token));

        Assert.True(command.Revoke(token.Split('.')[1]));
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Null(daemon.Find(token));
        Assert.False(command.Revoke("00000000"));
    }

    [Fact]
    public void A_file_that_is_broken_leaves_what_was_read_and_says_so()
    {
        var tokens = new Tokens(_folder, _time);
        var token = tokens.Create(TokenRole.Viewer, "", TimeSpan.FromHours(1), "*", "");
        Assert.NotNull(tokens.Find(token));

        File.WriteAllText(Path.Combine(_folder, "tokens.json"), "[{");
        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.NotNull(tokens.Find(token));
        Assert.Contains("cannot be understood", tokens.Fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gpu-1", true)]
    [InlineData("GPU_1.rack-2.example", true)]
    [InlineData("", false)]
    [InlineData("-gpu", false)]
    [InlineData("gpu..1", false)]
    [InlineData("gpu/1", false)]
    [InlineData("gpu\n1", false)]
    [InlineData("gpu-ü", false)]
    public void Names_of_nodes_are_those_of_hosts(string name, bool isGood) => Assert.Equal(isGood, NodeName.IsGood(name));

    [Theory]
    [InlineData("*", "gpu-1", true)]
    [InlineData("gpu-1", "gpu-10", false)]
    [InlineData("gpu-*", "gpu-10", true)]
    [InlineData("gpu-*-b", "gpu-b", false)]
    [InlineData("*-a-*", "x-a-y", true)]
    [InlineData("*-a-*", "x-b-y", false)]
    [InlineData("a*a", "a", false)]
    public void Patterns_match_whole_names(string pattern, string name, bool matches) => Assert.Equal(matches, NodeName.Matches(pattern, name));

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
