using System.Collections.Immutable;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace AIInfra.Core.Configuration;

/// <summary>A value of a YAML file, with its place. Immutable.</summary>
/// <param name="Mark">Where it begins.</param>
public abstract record YamlNode(ConfigMark Mark);

/// <param name="IsPlain">Not quoted: it may stand for a number, a truth value or nothing.</param>
public sealed record YamlScalar(ConfigMark Mark, string Text, bool IsPlain) : YamlNode(Mark)
{
    /// <summary>A key without a value counts as not set (YAML 1.2, section 10.3.2).</summary>
    public bool IsNull => IsPlain && Text is "" or "~" or "null" or "Null" or "NULL";
}

public sealed record YamlList(ConfigMark Mark, ImmutableArray<YamlNode> Items) : YamlNode(Mark);

/// <param name="Entries">In the order of the file; a key that stands twice is left out the second time and is an error of the file.</param>
public sealed record YamlMap(ConfigMark Mark, ImmutableArray<YamlEntry> Entries) : YamlNode(Mark);

public readonly record struct YamlEntry(string Key, ConfigMark KeyMark, YamlNode Value);

/// <summary>Reads another program's YAML file, whose shape is deeper than the flat settings of <see cref="YamlConfigReader"/>. JSON is YAML too.</summary>
public sealed class YamlTree
{
    private const int LongestFile = 1 << 20; // bytes
    private const int DeepestNesting = 16;

    private readonly string _source;
    private readonly IParser _parser;
    private readonly ImmutableArray<ConfigError>.Builder _errors = ImmutableArray.CreateBuilder<ConfigError>();
    private readonly Dictionary<string, YamlNode> _anchors = new(StringComparer.Ordinal);

    private YamlTree(string source, TextReader text) => (_source, _parser) = (source, new Parser(text));

    /// <summary>Never throws for what the file holds.</summary>
    /// <returns>Root is null for an empty file, and where the file cannot be read at all.</returns>
    public static (YamlNode? Root, ImmutableArray<ConfigError> Errors) ReadFile(string path)
    {
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > LongestFile } large)
                return (null, [new ConfigError(new ConfigMark(path, 0, 0), $"the file has {large.Length:N0} bytes; at most {LongestFile:N0} are read. Is it the right file?")]);
            return Read(path, File.ReadAllText(path));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return (null, [new ConfigError(new ConfigMark(path, 0, 0), $"the file cannot be read: {fault.Message}")]);
        }
    }

    /// <inheritdoc cref="ReadFile"/>
    /// <param name="source">Shown in the errors.</param>
    public static (YamlNode? Root, ImmutableArray<ConfigError> Errors) Read(string source, string text)
    {
        var tree = new YamlTree(source, new StringReader(text));
        YamlNode? root = null;
        try
        {
            root = tree.ReadDocument();
        }
        catch (YamlException fault)
        {
            tree._errors.Add(new ConfigError(tree.At(fault.Start), $"this is not YAML: {fault.Message.TrimEnd('.')}."));
        }
        catch (Exception fault) when (BrokenYaml.IsTold(fault))
        {
            tree._errors.Add(new ConfigError(tree.At(tree._parser.Current?.End ?? Mark.Empty), $"this is not YAML: {fault.Message.TrimEnd('.')}."));
        }
        return (root, tree._errors.ToImmutable());
    }

    private YamlNode? ReadDocument()
    {
        _parser.Consume<StreamStart>();
        if (_parser.Accept<StreamEnd>(out _))
            return null;
        _parser.Consume<DocumentStart>();
        var root = ReadNode(0);
        _parser.Consume<DocumentEnd>();
        if (_parser.Accept<DocumentStart>(out var second))
            _errors.Add(new ConfigError(At(second.Start), "a second document (---) starts here; only one is read."));
        return root is YamlScalar { IsNull: true } ? null : root;
    }

    /// <summary>An alias is the node it points to, not a copy: a file of aliases to aliases stays as small as it is.</summary>
    private YamlNode ReadNode(int depth)
    {
        if (_parser.TryConsume<AnchorAlias>(out var alias))
        {
            return _anchors.GetValueOrDefault(alias.Value.Value)
                ?? throw new YamlException(alias.Start, alias.End, $"The alias *{alias.Value.Value} points to nothing before it");
        }
        if (_parser.Current is not NodeEvent start)
            throw new YamlException(_parser.Current!.Start, _parser.Current.End, "A value is missing");
        if (depth > DeepestNesting)
            throw new YamlException(start.Start, start.End, "The nesting is too deep");
        YamlNode node = start switch
        {
            MappingStart => ReadMap(depth),
            SequenceStart => ReadList(depth),
            _ => ReadScalar(),
        };
        if (!start.Anchor.IsEmpty)
            _anchors[start.Anchor.Value] = node;
        return node;
    }

    private YamlScalar ReadScalar()
    {
        var scalar = _parser.Consume<Scalar>();
        return new YamlScalar(At(scalar.Start), scalar.Value, scalar.Style == ScalarStyle.Plain && scalar.Tag.IsEmpty);
    }

    private YamlList ReadList(int depth)
    {
        var start = _parser.Consume<SequenceStart>();
        var items = ImmutableArray.CreateBuilder<YamlNode>();
        while (!_parser.TryConsume<SequenceEnd>(out _))
            items.Add(ReadNode(depth + 1));
        return new YamlList(At(start.Start), items.ToImmutable());
    }

    private YamlMap ReadMap(int depth)
    {
        var start = _parser.Consume<MappingStart>();
        var entries = ImmutableArray.CreateBuilder<YamlEntry>();
        var seen = new Dictionary<string, ConfigMark>(StringComparer.Ordinal);
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            if (!_parser.TryConsume<Scalar>(out var key))
                throw new YamlException(_parser.Current!.Start, _parser.Current.End, "A key must be plain text");
            var value = ReadNode(depth + 1);
            if (seen.TryAdd(key.Value, At(key.Start)))
                entries.Add(new YamlEntry(key.Value, At(key.Start), value));
            else
                _errors.Add(new ConfigError(At(key.Start), $"{key.Value}: set a second time; the first is in line {seen[key.Value].Line}. Keep one."));
        }
        return new YamlMap(At(start.Start), entries.ToImmutable());
    }

    private ConfigMark At(Mark mark) => new(_source, (int)mark.Line, (int)mark.Column);
}
