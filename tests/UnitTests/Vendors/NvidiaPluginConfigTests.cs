using System.Text;
using AIInfra.Core.Sharing;
using AIInfra.Testing;
using AIInfra.Vendors.Nvidia;
using AIInfra.Vendors.Nvidia.PluginConfig;
using FsCheck;
using FsCheck.Fluent;

namespace AIInfra.UnitTests.Vendors;

/// <summary>Each form that NVIDIA documents for its device plugin's config, and what goes wrong with them: <c>testdata/plugin-configs</c>.
/// A file says in comments what it means, which options have no effect, or what is wrong with it.</summary>
public sealed class NvidiaPluginConfigTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("aiinfra-nvcfg-");

    public static IEnumerable<TheoryDataRow<string>> Files(string kind) =>
        Directory.EnumerateFiles(Corpus, $"{kind}-*.yaml").Order(StringComparer.Ordinal).Select(file => new TheoryDataRow<string>(Path.GetFileName(file)));

    private static string Corpus => RepositoryRoot.Combine("tests", "UnitTests", "Vendors", "testdata", "plugin-configs");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(Files), "good")]
    public void A_config_means_what_it_means_to_the_plugin(string file)
    {
        var path = Path.Combine(Corpus, file);
        var config = NvidiaPluginConfig.Load(path, "");

        Assert.Empty(config.Errors);
        Assert.Equal(Said(path, "means").Single(), Summary(config.Options));
        Assert.Equal(Said(path, "notes").SingleOrDefault() ?? "", string.Join(' ', config.Notes.Select(note => note.Message.Split(": ")[0])));
        Assert.All(config.Notes, note => Assert.Equal((path, true), (note.Mark.Source, note.Mark.Line > 0)));
    }

    [Theory]
    [MemberData(nameof(Files), "bad")]
    public void Everything_that_is_wrong_is_said_with_its_place(string file)
    {
        var path = Path.Combine(Corpus, file);
        var config = NvidiaPluginConfig.Load(path, "");

        Assert.Equal(new NvidiaOptions(), config.Options);
        var (expected, said) = (Said(path, "error").ToList(), config.Errors.Select(error => error.ToString()[(path.Length + 1)..]).ToList());
        Assert.True(expected.Count == said.Count && expected.Zip(said).All(pair => pair.Second.StartsWith(pair.First, StringComparison.Ordinal)), string.Join('\n', said));
    }

    [Fact]
    public void The_corpus_is_whole() => Assert.InRange(Directory.GetFiles(Corpus).Length, 25, 1000);

    [Fact]
    public void Of_a_folder_of_named_configs_the_label_chooses_and_without_it_the_default()
    {
        Write("default", "none");
        Write("slices", "mixed");
        Write(".hidden", "single");
        Directory.CreateDirectory(Path.Combine(_folder.FullName, "..data"));

        Assert.Equal(MigStrategy.None, Load("").Options.Mig);
        Assert.Equal(MigStrategy.Mixed, Load("slices").Options.Mig);
        Assert.Equal(
            $"{_folder.FullName}: there is no config named \"slice\" (vendors.nvidia.configName, the value of the node label nvidia.com/device-plugin.config). There are: default, slices.",
            Assert.Single(Load("slice").Errors).ToString());
        Assert.Contains("there is no config named \"../slices\"", Assert.Single(Load("../slices").Errors).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_folder_without_a_default_the_only_config_is_taken_and_of_several_none()
    {
        Assert.Contains("holds no config", Assert.Single(Load("").Errors).Message, StringComparison.Ordinal);
        Write("a", "single");
        Assert.Equal(MigStrategy.Single, Load("").Options.Mig);
        Write("b", "mixed");
        Assert.Contains("holds several configs and none named default: a, b.", Assert.Single(Load("").Errors).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_without_a_folder_and_a_file_that_is_not_there_are_errors()
    {
        Write("one", "none");
        var file = Path.Combine(_folder.FullName, "one");

        Assert.Contains("this is no folder of named configs", Assert.Single(NvidiaPluginConfig.Load(file, "one").Errors).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be read", Assert.Single(NvidiaPluginConfig.Load(file + "x", "").Errors).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bomb_of_aliases_and_a_deep_nest_are_answered_at_once()
    {
        var bomb = new StringBuilder("version: v1\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (var level = 1; level < 12; level++)
            bomb.AppendLine($"a{level}: &a{level} [{string.Join(", ", Enumerable.Repeat($"*a{level - 1}", 10))}]");

        Assert.Equal(12, NvidiaPluginConfig.Parse("f", bomb.ToString()).Errors.Length);
        Assert.Contains("too deep", Assert.Single(NvidiaPluginConfig.Parse("f", "flags: " + new string('[', 5000)).Errors).Message, StringComparison.Ordinal);
        Assert.Contains("points to nothing", Assert.Single(NvidiaPluginConfig.Parse("f", "flags: *nobody\n").Errors).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Broken_input_is_an_error_and_never_an_exception()
    {
        var pieces = Gen.Elements(string.Join('\n', Directory.GetFiles(Corpus).Select(File.ReadAllText)).Split('\n'));

        Prop.ForAll(pieces.ListOf().ToArbitrary(), lines =>
        {
            var config = NvidiaPluginConfig.Parse("f", string.Join('\n', lines));
            Assert.All(config.Options.Sharing.Rules, rule => Assert.InRange(rule.Replicas, 2, 1000));
        }).QuickCheckThrowOnFailure();
    }

    private NvidiaPluginConfig Load(string name) => NvidiaPluginConfig.Load(_folder.FullName, name);

    private void Write(string name, string mig) => File.WriteAllText(Path.Combine(_folder.FullName, name), $"version: v1\nflags: {{ migStrategy: {mig} }}\n");

    private static IEnumerable<string> Said(string path, string what) => File.ReadLines(path)
        .Where(line => line.StartsWith($"# {what}: ", StringComparison.Ordinal)).Select(line => line[(what.Length + 4)..]);

    private static string Summary(NvidiaOptions options)
    {
        var (how, labels, plain) = (options.Injection, options.Labels, new NvidiaOptions());
        var said = new List<string> { $"mig={options.Mig.ToString().ToLowerInvariant()}" };
        void Add(bool isSaid, string text)
        {
            if (isSaid)
                said.Add(text);
        }
        Add(!how.Lists.IsEmpty, $"lists={string.Join(',', how.Lists.Select(list => DeviceLists.Names[(int)list]))}");
        Add(how.AreIdsIndexes, "ids=index");
        Add(how is { AreIdsIndexes: false, Lists: [DeviceListStrategy.EnvVar], PassesDeviceNodes: false }, "ids=uuid");
        Add(how.PassesDeviceNodes is not null, $"nodes={how.PassesDeviceNodes?.ToString().ToLowerInvariant()}");
        Add(how.HasGds, "gds");
        Add(how.HasMofed, "mofed");
        Add(how.HasGdrCopy, "gdrcopy");
        Add(how.DriverRoot is not null and not "/", $"driver={how.DriverRoot}");
        Add(how.DevRoot != (how.DriverRoot ?? "/"), $"dev={how.DevRoot}");
        Add(how.CdiAnnotationPrefix != plain.Injection.CdiAnnotationPrefix, $"prefix={how.CdiAnnotationPrefix}");
        Add(how.CdiHookPath is not null, $"hook={how.CdiHookPath}");
        Add(!how.ImexChannels.IsEmpty, $"imex={string.Join(',', how.ImexChannels)}{(how.AreImexChannelsRequired ? "!" : "")}");
        Add(!options.Sharing.Rules.IsEmpty, $"sharing={string.Join(',', options.Sharing.Rules.Select(Summary))}");
        Add(options.Sharing.RenamesShared, "rename");
        Add(options.Sharing.IsOnePerContainer, "one");
        Add(options.Sharing.Placement == SharedPlacement.Packed, "packed");
        Add(!labels.HasTimestamp, "no-timestamp");
        Add(labels.MachineTypeFile != plain.Labels.MachineTypeFile, $"machine={labels.MachineTypeFile}");
        return string.Join(' ', said);
    }

    private static string Summary(ShareRule rule) =>
        $"{rule.Resource}*{rule.Replicas}{(rule.Count is { } count ? $"@{count}" : rule.Devices.IsEmpty ? "" : $"@{string.Join('|', rule.Devices)}")}";
}
