using System.Collections.Immutable;
using System.Text;
using AIInfra.Core.Configuration;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace AIInfra.Core.Cdi;

/// <summary>What somebody else's spec file defines. A file that cannot be read as one defines whatever it may: the agent then stays out of its way.</summary>
/// <param name="Kind">Null when the file is not readable as a spec.</param>
/// <param name="Text">Of a file that is not readable: searched for the kind. Null when it was too large to look at.</param>
internal sealed record CdiForeignFile(string Path, string? Kind, ImmutableHashSet<string> Devices, string? Text)
{
    private const int LongestFile = 8 << 20;

    /// <summary>JSON or YAML, by its ending; nothing else counts for readers either. Null when it defines nothing.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static CdiForeignFile? Read(FileInfo file)
    {
        if (file.Length == 0)
            return null; // also a pipe, which would block
        if (file.Length > LongestFile)
            return new CdiForeignFile(file.FullName, null, [], null);
        return Parse(file.FullName, Encoding.UTF8.GetString(File.ReadAllBytes(file.FullName)));
    }

    internal static CdiForeignFile Parse(string path, string text)
    {
        try
        {
            var (kind, devices) = Walk(new Parser(new StringReader(text))); // JSON is YAML, and readers take it so
            if (kind is not null)
                return new CdiForeignFile(path, kind, devices, null);
        }
        catch (Exception fault) when (BrokenYaml.IsTold(fault))
        {
            // Told by Kind.
        }
        return new CdiForeignFile(path, null, [], text);
    }

    public bool Defines(string kind) => Kind is not null ? Kind == kind : Text is null || Text.Contains(kind, StringComparison.Ordinal);

    public bool Defines(string kind, string device) => Kind is not null ? Kind == kind && Devices.Contains(device) : Defines(kind);

    private static (string? Kind, ImmutableHashSet<string> Devices) Walk(Parser parser)
    {
        string? kind = null;
        var devices = ImmutableHashSet.CreateBuilder<string>(StringComparer.Ordinal);
        parser.Consume<StreamStart>();
        parser.Consume<DocumentStart>();
        parser.Consume<MappingStart>();
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            switch (parser.Consume<Scalar>().Value)
            {
                case "kind" when parser.TryConsume<Scalar>(out var value):
                    kind = value.Value;
                    break;
                case "devices" when parser.TryConsume<SequenceStart>(out _):
                    while (!parser.TryConsume<SequenceEnd>(out _))
                        AddName(parser, devices);
                    break;
                default:
                    parser.SkipThisAndNestedEvents();
                    break;
            }
        }
        return (kind, devices.ToImmutable());
    }

    private static void AddName(Parser parser, ImmutableHashSet<string>.Builder devices)
    {
        parser.Consume<MappingStart>();
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            if (parser.Consume<Scalar>().Value == "name" && parser.TryConsume<Scalar>(out var name))
                devices.Add(name.Value);
            else
                parser.SkipThisAndNestedEvents();
        }
    }
}
