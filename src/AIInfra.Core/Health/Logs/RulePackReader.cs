using System.Collections.Immutable;
using AIInfra.Core.Configuration;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace AIInfra.Core.Health.Logs;

/// <summary>Reads the YAML of a rule pack: <c>rules:</c> and a list of mappings, and before it <c>terms:</c>, pieces of patterns by name.
/// Says everything that is wrong, with its place.</summary>
internal sealed class RulePackReader
{
    private readonly string _source;
    private readonly IParser _parser;
    private readonly bool _isBuiltIn;
    private readonly Dictionary<string, string> _terms = new(StringComparer.Ordinal);
    private readonly ImmutableArray<LogRule>.Builder _rules = ImmutableArray.CreateBuilder<LogRule>();
    private readonly ImmutableArray<ConfigError>.Builder _errors = ImmutableArray.CreateBuilder<ConfigError>();

    private RulePackReader(string source, TextReader text, bool isBuiltIn) => (_source, _parser, _isBuiltIn) = (source, new Parser(text), isBuiltIn);

    /// <param name="isBuiltIn">It was checked when this was built: patterns are not built, texts and examples not kept.</param>
    public static (ImmutableArray<LogRule> Rules, ImmutableArray<ConfigError> Errors) Read(string source, string text, bool isBuiltIn = false)
    {
        var reader = new RulePackReader(source, new StringReader(text), isBuiltIn);
        try
        {
            reader.ReadDocument();
        }
        catch (YamlException fault)
        {
            reader._errors.Add(new ConfigError(reader.At(fault.Start), $"this is not YAML: {fault.Message.TrimEnd('.')}."));
        }
        catch (Exception fault) when (BrokenYaml.IsTold(fault))
        {
            reader._errors.Add(new ConfigError(reader.At(reader._parser.Current?.End ?? Mark.Empty), $"this is not YAML: {fault.Message.TrimEnd('.')}."));
        }
        return (reader._rules.ToImmutable(), reader._errors.ToImmutable());
    }

    private void ReadDocument()
    {
        _parser.Consume<StreamStart>();
        if (_parser.Accept<StreamEnd>(out _))
            return;
        _parser.Consume<DocumentStart>();
        if (!_parser.TryConsume<MappingStart>(out _))
        {
            Error(_parser.Current!.Start, "a rule pack is a mapping: it begins with \"rules:\" and a list of rules.");
            return;
        }
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var key = _parser.Consume<Scalar>();
            if (key.Value == "terms")
            {
                ReadTerms();
            }
            else if (key.Value != "rules")
            {
                Error(key.Start, $"{key.Value} is no key of a rule pack; these are terms and rules.");
                _parser.SkipThisAndNestedEvents();
            }
            else if (_parser.TryConsume<SequenceStart>(out _))
            {
                for (var place = 0; !_parser.TryConsume<SequenceEnd>(out _); place++)
                    ReadRule($"rules[{place}]");
            }
            else
            {
                Error(_parser.Current!.Start, "rules must be a list.");
                _parser.SkipThisAndNestedEvents();
            }
        }
    }

    private void ReadTerms()
    {
        if (!_parser.TryConsume<MappingStart>(out _))
        {
            Error(_parser.Current!.Start, "terms must be a mapping of names to pieces of patterns.");
            _parser.SkipThisAndNestedEvents();
            return;
        }
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var start = _parser.Current!.Start;
            if (!_parser.TryConsume<Scalar>(out var name))
                _parser.SkipThisAndNestedEvents();
            if (!_parser.TryConsume<Scalar>(out var piece))
                _parser.SkipThisAndNestedEvents();
            if (name is null || piece is null)
                Error(start, "terms: a name and its piece must be plain text.");
            else if (!_terms.TryAdd(name.Value, piece.Value))
                Error(start, $"terms.{name.Value} is set a second time.");
        }
    }

    private void ReadRule(string path)
    {
        var start = _parser.Current!.Start;
        if (!_parser.TryConsume<MappingStart>(out _))
        {
            Error(start, $"{path} must be a mapping with id, literals, severity, cause, action, clearing and message.");
            _parser.SkipThisAndNestedEvents();
            return;
        }
        var before = _errors.Count;
        var fields = new RuleFields(path, At(start), _errors, _terms, _isBuiltIn);
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            if (!_parser.TryConsume<Scalar>(out var key))
            {
                Error(_parser.Current!.Start, $"{path}: a key must be plain text.");
                _parser.SkipThisAndNestedEvents();
                _parser.SkipThisAndNestedEvents();
                continue;
            }
            ReadField(fields, key);
        }
        if (fields.Check() is { } rule && _errors.Count == before)
            _rules.Add(rule);
    }

    private void ReadField(RuleFields fields, Scalar key)
    {
        var mark = _parser.Current!.Start;
        if (_parser.TryConsume<Scalar>(out var scalar))
        {
            fields.Add(key.Value, At(key.Start), At(mark), [scalar.Value]);
        }
        else if (_parser.TryConsume<SequenceStart>(out _))
        {
            var items = ImmutableArray.CreateBuilder<string>();
            while (!_parser.TryConsume<SequenceEnd>(out _))
            {
                if (_parser.TryConsume<Scalar>(out var item))
                {
                    items.Add(item.Value);
                    continue;
                }
                Error(_parser.Current!.Start, $"{fields.Path}.{key.Value}: an item of this list must be plain text.");
                _parser.SkipThisAndNestedEvents();
            }
            fields.Add(key.Value, At(key.Start), At(mark), items.ToImmutable());
        }
        else
        {
            Error(mark, $"{fields.Path}.{key.Value} must be plain text{(RuleFields.IsList(key.Value) ? " or a list of them" : "")}.");
            _parser.SkipThisAndNestedEvents();
        }
    }

    private ConfigMark At(Mark mark) => new(_source, (int)mark.Line, (int)mark.Column);

    private void Error(Mark mark, string message) => _errors.Add(new ConfigError(At(mark), message));
}
