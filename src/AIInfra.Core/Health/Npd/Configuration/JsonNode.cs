using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using AIInfra.Core.Configuration;

namespace AIInfra.Core.Health.Npd.Configuration;

/// <summary>One value of a JSON file with its place. Members are kept as they were written, also those of the same name.</summary>
internal sealed class JsonNode
{
    private const int DeepestNesting = 64;

    public required JsonTokenType Kind { get; init; }
    /// <summary>Of a string its text, of a number as it was written.</summary>
    public string Text { get; init; } = "";
    public required ConfigMark Mark { get; init; }
    public ImmutableArray<(string Name, JsonNode Value, ConfigMark Mark)> Members { get; private set; } = [];
    public ImmutableArray<JsonNode> Items { get; private set; } = [];

    public bool IsNull => Kind == JsonTokenType.Null;

    /// <summary>The value of the last member of that name in any case, as Go's encoding/json takes it; null when there is none, or it is null.</summary>
    public JsonNode? this[string name] =>
        Members.LastOrDefault(member => member.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Value is { IsNull: false } value ? value : null;

    /// <summary>What it is, for messages.</summary>
    public string Word => Kind switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => $"\"{(Text.Length <= 60 ? Text : Text[..60] + "…")}\"",
        JsonTokenType.Number => Text,
        JsonTokenType.True => "true",
        JsonTokenType.False => "false",
        _ => "null",
    };

    /// <summary>Reads a whole file: no comments, no commas at the end.</summary>
    /// <returns>The value, or what is wrong.</returns>
    public static (JsonNode? Node, ConfigError? Error) Parse(string path, ReadOnlySpan<byte> file)
    {
        var marks = new Marks(path, file);
        var reader = new Utf8JsonReader(file, new JsonReaderOptions { MaxDepth = DeepestNesting });
        try
        {
            reader.Read();
            var node = Take(ref reader, marks, file);
            if (reader.Read())
                return (null, new ConfigError(marks.At(reader.TokenStartIndex, file), "something follows the end of the JSON value."));
            return (node, null);
        }
        catch (JsonException fault)
        {
            var what = fault.Message;
            var end = what.IndexOf(" LineNumber:", StringComparison.Ordinal);
            return (null, new ConfigError(new ConfigMark(path, (int)(fault.LineNumber ?? 0) + 1, (int)(fault.BytePositionInLine ?? 0) + 1),
                $"the file is no JSON: {(end < 0 ? what : what[..end])} Comments and a comma before a closing bracket are not allowed."));
        }
        catch (InvalidOperationException) // a string that is no UTF-8, or half of a surrogate pair
        {
            return (null, new ConfigError(marks.At(reader.TokenStartIndex, file), "the text that begins here is no UTF-8."));
        }
    }

    private static JsonNode Take(ref Utf8JsonReader reader, Marks marks, ReadOnlySpan<byte> file)
    {
        var node = new JsonNode
        {
            Kind = reader.TokenType,
            Mark = marks.At(reader.TokenStartIndex, file),
            Text = reader.TokenType switch
            {
                JsonTokenType.String => reader.GetString()!,
                JsonTokenType.Number => Encoding.ASCII.GetString(reader.ValueSpan),
                _ => "",
            },
        };
        if (node.Kind == JsonTokenType.StartObject)
        {
            var members = ImmutableArray.CreateBuilder<(string, JsonNode, ConfigMark)>();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var (name, mark) = (reader.GetString()!, marks.At(reader.TokenStartIndex, file));
                reader.Read();
                members.Add((name, Take(ref reader, marks, file), mark));
            }
            node.Members = members.ToImmutable();
        }
        else if (node.Kind == JsonTokenType.StartArray)
        {
            var items = ImmutableArray.CreateBuilder<JsonNode>();
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                items.Add(Take(ref reader, marks, file));
            node.Items = items.ToImmutable();
        }
        return node;
    }

    /// <summary>A whole number; null for another.</summary>
    public int? AsInteger() =>
        Kind == JsonTokenType.Number && int.TryParse(Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>Line and column of an offset; offsets come in order, so that the file is counted through once.</summary>
    private sealed class Marks(string path, ReadOnlySpan<byte> file)
    {
        private readonly int _length = file.Length;
        private long _offset, _lineStart;
        private int _line = 1;

        public ConfigMark At(long offset, ReadOnlySpan<byte> file)
        {
            for (; _offset < offset && _offset < _length; _offset++)
            {
                if (file[(int)_offset] != '\n')
                    continue;
                _line++;
                _lineStart = _offset + 1;
            }
            return new ConfigMark(path, _line, (int)(offset - _lineStart) + 1);
        }
    }
}
