using System.Collections.Immutable;
using System.Text.Json;
using AIInfra.Core.Configuration;

namespace AIInfra.Core.Health.Npd.Configuration;

/// <summary>Takes the fields of one object, says what is wrong with them, and which there are that nobody asked for.</summary>
/// <param name="path">For the messages: <c>rules[3]</c>; empty for the file's own object.</param>
internal sealed class JsonFields(JsonNode node, string path, FileFaults faults)
{
    private readonly HashSet<string> _known = new(StringComparer.OrdinalIgnoreCase);

    public ConfigMark Mark => node.Mark;

    public string Text(string name, string fallback = "") =>
        Take(name) is not { } value ? fallback : value.Kind == JsonTokenType.String ? value.Text : Wrong(name, value, "a text", fallback);

    /// <summary>A text that must be there and hold something.</summary>
    public string Needed(string name, string form)
    {
        var text = Text(name);
        if (text.Length == 0)
            faults.Error(node[name]?.Mark ?? node.Mark, $"{Path(name)} is missing or empty; it must be {form}.");
        return text;
    }

    public bool Flag(string name, bool fallback) => Take(name) is not { } value ? fallback
        : value.Kind is JsonTokenType.True or JsonTokenType.False ? value.Kind == JsonTokenType.True
        : Wrong(name, value, "true or false, without quotes", fallback);

    public int Count(string name, int fallback, int least, int most) => Take(name) is not { } value ? fallback
        : value.AsInteger() is { } number && number >= least && number <= most ? number
        : Wrong(name, value, $"a whole number from {least} to {most}, without quotes", fallback);

    public TimeSpan Duration(string name, TimeSpan fallback) => Take(name) is not { } value ? fallback
        : value.Kind == JsonTokenType.String && GoDuration.Parse(value.Text) is { } duration ? duration
        : value is { Kind: JsonTokenType.String, Text: "" } ? fallback
        : Wrong(name, value, GoDuration.Form, fallback);

    public ImmutableArray<string> Texts(string name)
    {
        if (Take(name) is not { } value)
            return [];
        return value.Kind == JsonTokenType.StartArray && value.Items.All(item => item.Kind == JsonTokenType.String)
            ? [.. value.Items.Select(item => item.Text)]
            : Wrong(name, value, "an array of texts, as in [\"a\", \"b\"]", ImmutableArray<string>.Empty);
    }

    /// <summary>Objects in an array, each with its path.</summary>
    public ImmutableArray<JsonFields> Objects(string name)
    {
        if (Take(name) is not { } value)
            return [];
        return value.Kind == JsonTokenType.StartArray && value.Items.All(item => item.Kind == JsonTokenType.StartObject)
            ? [.. value.Items.Select((item, at) => new JsonFields(item, $"{Path(name)}[{at}]", faults))]
            : Wrong(name, value, "an array of objects", ImmutableArray<JsonFields>.Empty);
    }

    /// <summary>An object; an empty one when there is none.</summary>
    public JsonFields Object(string name) => new(
        Take(name) is not { } value ? Empty(node.Mark) : value.Kind == JsonTokenType.StartObject ? value : Wrong(name, value, "an object", Empty(value.Mark)), Path(name), faults);

    public bool Has(string name) => node[name] is not null;

    /// <summary>The members of this object; it then knows them all.</summary>
    public IEnumerable<(string Name, JsonFields Value)> Members()
    {
        foreach (var member in node.Members)
            _known.Add(member.Name);
        return node.Members.Where(member => member.Value.Kind == JsonTokenType.StartObject).Select(member => (member.Name, new JsonFields(member.Value, Path(member.Name), faults)));
    }

    public void Error(string name, string message) => faults.Error(node[name]?.Mark ?? node.Mark, $"{Path(name)} {message}");

    public void Note(string name, string message) => faults.Note(node[name]?.Mark ?? node.Mark, $"{Path(name)} {message}");

    /// <summary>Notes every field that nobody asked for: it is ignored, as Go ignores it, but it may be a slip of the pen.</summary>
    public void NoteUnknown(string others)
    {
        foreach (var (name, _, mark) in node.Members.Where(member => !_known.Contains(member.Name)))
            faults.Unknown(mark, Path(name), others);
    }

    private JsonNode? Take(string name)
    {
        _known.Add(name);
        return node[name];
    }

    private T Wrong<T>(string name, JsonNode value, string form, T fallback)
    {
        faults.Error(value.Mark, $"{Path(name)} is {value.Word}; it must be {form}.");
        return fallback;
    }

    private string Path(string name) => path.Length == 0 ? name : $"{path}.{name}";

    private static JsonNode Empty(ConfigMark mark) => new() { Kind = JsonTokenType.StartObject, Mark = mark };
}

/// <summary>What is wrong with one file, and what is worth a word.</summary>
internal sealed class FileFaults
{
    private readonly HashSet<string> _unknown = new(StringComparer.OrdinalIgnoreCase);

    public List<ConfigError> Errors { get; } = [];
    public List<ConfigError> Notes { get; } = [];

    public void Error(ConfigMark mark, string message) => Errors.Add(new ConfigError(mark, message));
    public void Note(ConfigMark mark, string message) => Notes.Add(new ConfigError(mark, message));

    /// <summary>Each name once a file, wherever it stands.</summary>
    public void Unknown(ConfigMark mark, string path, string others)
    {
        if (_unknown.Add(path[(path.LastIndexOf('.') + 1)..]))
            Note(mark, $"{path} is no field that node-problem-detector knows; it is ignored. {others}");
    }
}
