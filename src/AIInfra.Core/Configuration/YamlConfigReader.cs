using System.Collections.Immutable;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace AIInfra.Core.Configuration;

/// <summary>Reads a YAML file into flat settings that remember file, line and column.</summary>
public sealed class YamlConfigReader
{
    private const int LongestFile = 1 << 20; // bytes; a configuration is a page or two
    private const int DeepestNesting = 16;

    private readonly string _source;
    private readonly IParser _parser;
    private readonly ImmutableArray<ConfigValue>.Builder _values = ImmutableArray.CreateBuilder<ConfigValue>();
    private readonly ImmutableArray<ConfigError>.Builder _errors = ImmutableArray.CreateBuilder<ConfigError>();
    private readonly Dictionary<string, ConfigMark> _seen = new(StringComparer.Ordinal);

    private YamlConfigReader(string source, TextReader text) =>
        (_source, _parser) = (source, new Parser(text));

    /// <summary>Settings in the order of the file, and everything that is wrong with its shape. Never throws for what the file holds.</summary>
    public static (ImmutableArray<ConfigValue> Values, ImmutableArray<ConfigError> Errors) ReadFile(string path)
    {
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > LongestFile } large)
                return ([], [new ConfigError(new ConfigMark(path, 0, 0), $"the file has {large.Length:N0} bytes; a configuration has at most {LongestFile:N0}. Is it the right file?")]);
            return Read(path, File.ReadAllText(path));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return ([], [new ConfigError(new ConfigMark(path, 0, 0), $"the file cannot be read: {fault.Message}")]);
        }
    }

    /// <inheritdoc cref="ReadFile"/>
    /// <param name="source">Shown in the errors.</param>
    public static (ImmutableArray<ConfigValue> Values, ImmutableArray<ConfigError> Errors) Read(string source, string text)
    {
        var reader = new YamlConfigReader(source, new StringReader(text));
        try
        {
            reader.ReadDocument();
        }
        catch (YamlException fault)
        {
            reader._errors.Add(IndentingTab(source, text)
                ?? new ConfigError(reader.At(fault.End), $"this is not YAML: {fault.Message.TrimEnd('.')}."));
        }
        catch (Exception fault) when (BrokenYaml.IsTold(fault))
        {
            reader._errors.Add(new ConfigError(reader.At(reader._parser.Current?.End ?? Mark.Empty), $"this is not YAML: {fault.Message.TrimEnd('.')}."));
        }
        return (reader._values.ToImmutable(), reader._errors.ToImmutable());
    }

    /// <summary>The commonest mistake, for which the parser names the wrong line (YAML 1.2, section 6.1: no tabs in indentation).</summary>
    private static ConfigError? IndentingTab(string source, string text)
    {
        var line = 0;
        foreach (var content in text.AsSpan().EnumerateLines())
        {
            line++;
            var indent = content[..^content.TrimStart(" \t").Length].IndexOf('\t');
            if (indent >= 0)
                return new ConfigError(new ConfigMark(source, line, indent + 1), "this is not YAML: a tab indents this line; use spaces.");
        }
        return null;
    }

    private ConfigMark At(Mark mark) => new(_source, (int)mark.Line, (int)mark.Column);

    private void ReadDocument()
    {
        _parser.Consume<StreamStart>();
        if (_parser.Accept<StreamEnd>(out _))
            return;
        _parser.Consume<DocumentStart>();
        if (_parser.Accept<MappingStart>(out _))
            ReadMapping("", 0);
        else if (_parser.Accept<Scalar>(out var scalar) && scalar.Value.Length == 0)
            _parser.Consume<Scalar>();
        else
        {
            _errors.Add(new ConfigError(At(_parser.Current!.Start), "the file must be a mapping of sections, as in \"kubelet: { root: /var/lib/kubelet }\"."));
            return;
        }
        _parser.Consume<DocumentEnd>();
        if (_parser.Accept<DocumentStart>(out var second))
            _errors.Add(new ConfigError(At(second.Start), "a second document (---) starts here; a configuration is one document."));
    }

    private void ReadMapping(string section, int depth)
    {
        var start = _parser.Consume<MappingStart>();
        if (depth > DeepestNesting)
            throw new YamlException(start.Start, start.End, "The nesting is too deep");
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            if (!_parser.TryConsume<Scalar>(out var key))
            {
                _errors.Add(new ConfigError(At(_parser.Current!.Start), "a key must be plain text."));
                _parser.SkipThisAndNestedEvents();
                _parser.SkipThisAndNestedEvents();
                continue;
            }
            var path = section.Length == 0 ? key.Value : $"{section}.{key.Value}";
            ReadValue(path, At(key.Start), depth);
        }
    }

    private void ReadValue(string path, ConfigMark keyMark, int depth)
    {
        if (_parser.Accept<MappingStart>(out _))
        {
            ReadMapping(path, depth + 1);
            return;
        }
        var mark = At(_parser.Current!.Start);
        if (_parser.TryConsume<Scalar>(out var scalar))
        {
            if (!IsNull(scalar))
                Add(new ConfigValue(path, scalar.Value, [], keyMark, mark));
        }
        else if (_parser.Accept<SequenceStart>(out _))
            ReadList(path, keyMark, mark);
        else
        {
            _errors.Add(new ConfigError(mark, $"{path}: an alias stands here; write the value out."));
            _parser.MoveNext();
        }
    }

    private void ReadList(string path, ConfigMark keyMark, ConfigMark mark)
    {
        _parser.Consume<SequenceStart>();
        var items = ImmutableArray.CreateBuilder<string>();
        while (!_parser.TryConsume<SequenceEnd>(out _))
        {
            if (_parser.TryConsume<Scalar>(out var item))
            {
                items.Add(item.Value);
                continue;
            }
            _errors.Add(new ConfigError(At(_parser.Current!.Start), $"{path}: an item of this list must be plain text."));
            _parser.SkipThisAndNestedEvents();
        }
        Add(new ConfigValue(path, null, items.ToImmutable(), keyMark, mark));
    }

    private void Add(ConfigValue value)
    {
        if (_seen.TryGetValue(value.Path, out var first))
            _errors.Add(new ConfigError(value.KeyMark, $"{value.Path}: set a second time; the first is in line {first.Line}. Keep one."));
        else
        {
            _seen.Add(value.Path, value.KeyMark);
            _values.Add(value);
        }
    }

    /// <summary>A key without a value, as an unfilled template leaves it, counts as not set (YAML 1.2, section 10.3.2).</summary>
    private static bool IsNull(Scalar scalar) => scalar.Style == ScalarStyle.Plain && scalar.Value is "" or "~" or "null";
}
