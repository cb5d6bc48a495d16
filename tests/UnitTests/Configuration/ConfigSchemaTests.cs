using System.Collections;
using System.Collections.Immutable;
using AIInfra.Core.Configuration;

namespace AIInfra.UnitTests.Configuration;

public sealed class ConfigSchemaTests
{
    private static readonly ConfigKey<string> Root = ConfigForm.Folder("kubelet.root", "/var/lib/kubelet", "h");
    private static readonly ConfigKey<bool> Plugins = ConfigForm.Flag("kubelet.devicePlugins", true, "h");
    private static readonly ConfigKey<ImmutableArray<string>> Profile = ConfigForm.Choices("metrics.profile", ["dcgm", "neutral"], ["dcgm"], "h");
    private static readonly ConfigKey<System.Net.IPEndPoint> Address = ConfigForm.Address("metrics.address", "0.0.0.0:9400", "h");
    private static readonly ConfigKey<TimeSpan> Interval = ConfigForm.Duration("vendors.nvidia.sampleInterval", TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(10), "h");
    private static readonly ConfigKey<bool> Dra = ConfigForm.Flag("kubelet.dra", false, "h").Refusing(value => value == "false" ? null : "leave it false.");
    private static readonly ConfigSchema Schema = new([Root, Plugins, Profile, Address, Interval, Dra]);

    private static (Config Config, ImmutableArray<ConfigError> Errors) Check(string yaml)
    {
        var (values, faults) = YamlConfigReader.Read("a.yaml", yaml);
        var (config, errors) = Schema.Check(values);
        return (config, faults.AddRange(errors));
    }

    [Fact]
    public void What_is_not_written_is_the_default()
    {
        var (config, errors) = Check("");

        Assert.Empty(errors);
        Assert.Equal("/var/lib/kubelet", config.Get(Root));
        Assert.True(config.Get(Plugins));
        Assert.Equal(["dcgm"], config.Get(Profile));
        Assert.Equal(9400, config.Get(Address).Port);
        Assert.Equal(TimeSpan.FromSeconds(10), config.Get(Interval));
    }

    [Fact]
    public void What_is_written_is_read_in_its_type()
    {
        var (config, errors) = Check("kubelet: { root: /k, devicePlugins: false }\nmetrics: { address: '[::1]:9', profile: [neutral, dcgm] }\nvendors: { nvidia: { sampleInterval: 1500ms } }");

        Assert.Empty(errors);
        Assert.Equal("/k", config.Get(Root));
        Assert.False(config.Get(Plugins));
        Assert.Equal(["neutral", "dcgm"], config.Get(Profile));
        Assert.Equal("[::1]:9", config.Get(Address).ToString());
        Assert.Equal(TimeSpan.FromMilliseconds(1500), config.Get(Interval));
    }

    [Theory]
    [InlineData("kubelet: { rot: /k }", "a.yaml:1:12: kubelet.rot is not a setting. Did you mean kubelet.root?")]
    [InlineData("kubelet: { Root: /k }", "a.yaml:1:12: kubelet.Root is not a setting. Did you mean kubelet.root?")]
    [InlineData("kubelet: { somethingElseEntirely: 1 }", "a.yaml:1:12: kubelet.somethingElseEntirely is not a setting. In kubelet there are: root, devicePlugins, dra.")]
    [InlineData("whatever: 1", "a.yaml:1:1: whatever is not a setting. The sections are: kubelet, metrics, vendors.")]
    [InlineData("kubelet: yes", "a.yaml:1:1: kubelet is a section; it must be a mapping, as in \"kubelet: { root: … }\".")]
    [InlineData("kubelet: { root: relative }", "a.yaml:1:18: kubelet.root: \"relative\" is not usable; it must be an absolute path, as in /var/lib/aiinfra.")]
    [InlineData("kubelet: { devicePlugins: yes }", "a.yaml:1:27: kubelet.devicePlugins: \"yes\" is not usable; it must be true or false.")]
    [InlineData("metrics: { address: 9400 }", "a.yaml:1:21: metrics.address: \"9400\" is not usable; it must be an IP address and a port, as in 0.0.0.0:9400 or [::]:9400.")]
    [InlineData("metrics: { address: '1.2.3.4:99999' }", "a.yaml:1:21: metrics.address: \"1.2.3.4:99999\" is not usable; it must be an IP address and a port, as in 0.0.0.0:9400 or [::]:9400.")]
    [InlineData("metrics: { profile: [dgcm] }", "a.yaml:1:21: metrics.profile: \"[dgcm]\" is not usable; it must be a list of dcgm or neutral.")]
    [InlineData("vendors: { nvidia: { sampleInterval: 10 } }", "a.yaml:1:38: vendors.nvidia.sampleInterval: \"10\" is not usable; it must be a time from 1s to 5m, as in 10s.")]
    [InlineData("vendors: { nvidia: { sampleInterval: 1h } }", "a.yaml:1:38: vendors.nvidia.sampleInterval: \"1h\" is not usable; it must be a time from 1s to 5m, as in 10s.")]
    [InlineData("kubelet: { dra: true }", "a.yaml:1:17: kubelet.dra: \"true\" is not available in this version: leave it false.")]
    [InlineData("kubelet: { root: [/a] }", "a.yaml:1:18: kubelet.root: \"[/a]\" is not usable; it must be an absolute path, as in /var/lib/aiinfra.")]
    public void Each_error_says_where_what_and_what_would_be_right(string yaml, string expected) =>
        Assert.Equal(expected, Check(yaml).Errors.Single().ToString());

    [Fact]
    public void All_errors_are_told_at_once() =>
        Assert.Equal(3, Check("kubelet: { rot: /k, devicePlugins: 7 }\nmetrics: { address: x }").Errors.Length);

    [Fact]
    public void The_environment_wins_over_the_file_and_takes_any_case()
    {
        var file = YamlConfigReader.Read("a.yaml", "kubelet: { root: /file }").Values;
        var environment = EnvironmentConfigReader.Read(new Hashtable { ["AIINFRA_KUBELET__ROOT"] = "/env", ["AIINFRA_METRICS__PROFILE"] = "dcgm,neutral", ["AIINFRA_SIM_STATE"] = "x", ["PATH"] = "y" });

        var (config, errors) = Schema.Check([.. file, .. environment]);

        Assert.Empty(errors);
        Assert.Equal("/env", config.Get(Root));
        Assert.Equal(["dcgm", "neutral"], config.Get(Profile));
    }

    [Fact]
    public void Two_settings_of_which_only_one_may_be_given_are_an_error_that_says_which_is_right_when()
    {
        var roots = ConfigForm.Folders("kubelet.roots", ["/var/lib/kubelet"], "h");
        var schema = new ConfigSchema([Root, roots], new ConfigConflict(Root, roots, "keep the list."));

        var both = schema.Check(YamlConfigReader.Read("a.yaml", "kubelet:\n  root: /k\n  roots: [/k, /l]\n").Values).Errors.Single();
        Assert.Equal("a.yaml:3:3: kubelet.roots cannot be given together with kubelet.root (a.yaml:2:3): keep the list.", both.ToString());
        var (config, errors) = schema.Check(YamlConfigReader.Read("a.yaml", "kubelet: { roots: [/k, /l] }").Values);
        Assert.Empty(errors);
        Assert.Equal(["/k", "/l"], config.Get(roots));
        Assert.True(config.IsGiven(roots) && !config.IsGiven(Root));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("[/k, /k]")]
    [InlineData("[k]")]
    public void A_list_of_folders_holds_absolute_paths_each_once(string list) => Assert.Contains(
        "it must be a list of absolute paths, each once",
        new ConfigSchema([ConfigForm.Folders("kubelet.roots", ["/k"], "h")]).Check(YamlConfigReader.Read("a.yaml", $"kubelet: {{ roots: {list} }}").Values).Errors.Single().ToString(), StringComparison.Ordinal);

    [Fact]
    public void An_unknown_variable_of_ours_is_an_error_with_its_name()
    {
        var error = Schema.Check(EnvironmentConfigReader.Read(new Hashtable { ["AIINFRA_KUBELET__ROT"] = "/x" })).Errors.Single();

        Assert.Equal("environment variable AIINFRA_KUBELET__ROT: KUBELET.ROT is not a setting. Did you mean kubelet.root?", error.ToString());
    }

    [Fact]
    public void The_reference_has_a_row_for_each_key()
    {
        using var page = new StringWriter();
        ConfigReference.Write(Schema, page);

        foreach (var key in Schema.Keys)
            Assert.Contains($"| `{key.Path}` | {key.Form} | `{key.DefaultText}` |", page.ToString(), StringComparison.Ordinal);
    }
}
