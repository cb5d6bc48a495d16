using System.Collections.Immutable;
using AIInfra.Core.Configuration;

namespace AIInfra.Vendors.Nvidia.PluginConfig;

/// <summary>The config of NVIDIA's device plugin (<c>version: v1</c>), as it is or refused: each option is honoured, or it is said that it is not.</summary>
/// <param name="Source">The file; null when none was read.</param>
/// <param name="Options">The defaults where something is wrong.</param>
/// <param name="Errors">Everything that is wrong, with its place.</param>
/// <param name="Notes">Options that are understood and have no effect here, with their place.</param>
public sealed record NvidiaPluginConfig(string? Source, NvidiaOptions Options, ImmutableArray<ConfigError> Errors, ImmutableArray<ConfigError> Notes)
{
    /// <summary>The node label by which NVIDIA's config manager chooses one of several configs.</summary>
    public const string NodeLabel = "nvidia.com/device-plugin.config";

    private const string DefaultName = "default";

    public static NvidiaPluginConfig None { get; } = new(null, new NvidiaOptions(), [], []);

    /// <param name="path">A file, or a folder of named configs as a ConfigMap is mounted.</param>
    /// <param name="name">The value of <see cref="NodeLabel"/>; empty: the config named <c>default</c>, else the only one there is.</param>
    public static NvidiaPluginConfig Load(string path, string name)
    {
        var (file, error) = Choose(path, name);
        if (error is not null)
            return None with { Errors = [error] };
        var (root, errors) = YamlTree.ReadFile(file!);
        return Read(file!, root, errors);
    }

    /// <summary>A config that is already text.</summary>
    internal static NvidiaPluginConfig Parse(string source, string text)
    {
        var (root, errors) = YamlTree.Read(source, text);
        return Read(source, root, errors);
    }

    private static NvidiaPluginConfig Read(string source, YamlNode? root, ImmutableArray<ConfigError> faults)
    {
        var (errors, notes) = (faults.ToBuilder(), ImmutableArray.CreateBuilder<ConfigError>());
        var options = new NvidiaOptions();
        if (root is not null)
            options = new NvidiaPluginConfigReader(errors, notes).Read(root);
        return new NvidiaPluginConfig(source, errors.Count == 0 ? options : new NvidiaOptions(), InOrder(errors), InOrder(notes));
    }

    private static ImmutableArray<ConfigError> InOrder(IEnumerable<ConfigError> errors) => [.. errors.OrderBy(error => error.Mark.Line).ThenBy(error => error.Mark.Column)];

    private static (string? File, ConfigError? Error) Choose(string path, string name)
    {
        if (!Directory.Exists(path))
            return name.Length == 0 ? (path, null)
                : (null, Error(path, $"vendors.nvidia.configName is \"{name}\", and this is no folder of named configs. Name the folder in vendors.nvidia.config, or leave the name away."));
        var names = Names(path, out var fault);
        if (fault is not null)
            return (null, Error(path, $"the folder cannot be read: {fault}"));
        if (name.Length > 0)
        {
            return names.Contains(name) ? (Path.Combine(path, name), null)
                : (null, Error(path, $"there is no config named \"{name}\" (vendors.nvidia.configName, the value of the node label {NodeLabel}). There are: {List(names)}."));
        }
        var chosen = names.Contains(DefaultName) ? DefaultName : names.Length == 1 ? names[0] : null;
        return chosen is not null ? (Path.Combine(path, chosen), null)
            : (null, Error(path, names.IsEmpty ? "the folder holds no config."
                : $"the folder holds several configs and none named {DefaultName}: {List(names)}. Name one in vendors.nvidia.configName."));
    }

    /// <summary>A ConfigMap is mounted as links into hidden folders; those are not configs.</summary>
    private static ImmutableArray<string> Names(string folder, out string? fault)
    {
        fault = null;
        try
        {
            return [.. Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file)).Where(file => file[0] != '.').Order(StringComparer.Ordinal)];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            fault = exception.Message;
            return [];
        }
    }

    private static string List(ImmutableArray<string> names) => names.IsEmpty ? "none" : string.Join(", ", names.Take(20)) + (names.Length > 20 ? ", …" : "");

    private static ConfigError Error(string path, string message) => new(new ConfigMark(path, 0, 0), message);
}
