using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Configuration;
using AIInfra.Core.Devices;
using AIInfra.Core.Sharing;

namespace AIInfra.Vendors.Generic;

/// <summary>The rows in effect: the user's first, then those of this build that no row of the user's replaces by its name.</summary>
/// <param name="Errors">All that is wrong, with its place.</param>
public sealed record GenericTable(ImmutableArray<GenericRow> Rows, ImmutableArray<ConfigError> Errors)
{
    private const int MostSlots = 1000;
    private static readonly SearchValues<char> LowerHex = SearchValues.Create("0123456789abcdef"), NoPath = SearchValues.Create("{}\\\0?[");

    public static GenericTable Embedded { get; } = Combine([Read("built-in rows", VendorData.Text("generic.rows.yaml"))], []);

    /// <param name="paths">Files, or folders of them (*.yaml); each must be there.</param>
    public static GenericTable Load(ImmutableArray<string> paths)
    {
        var faults = ImmutableArray.CreateBuilder<ConfigError>();
        var own = new List<GenericTable>();
        foreach (var path in paths)
        {
            if (Directory.Exists(path))
                own.AddRange(Directory.EnumerateFiles(path, "*.yaml").Order(StringComparer.Ordinal).Select(ReadFile));
            else
                own.Add(ReadFile(path));
        }
        return paths.IsEmpty ? Embedded : Combine([.. own, Embedded], faults.ToImmutable());
    }

    internal static GenericTable Parse(string source, string text) => Combine([Read(source, text), Embedded], []);

    private static GenericTable Combine(ImmutableArray<GenericTable> tables, ImmutableArray<ConfigError> faults)
    {
        var errors = faults.Concat(tables.SelectMany(table => table.Errors)).ToImmutableArray().ToBuilder();
        var rows = ImmutableArray.CreateBuilder<GenericRow>();
        foreach (var table in tables)
        {
            var before = rows.ToArray();
            foreach (var row in table.Rows)
            {
                if (before.Any(other => other.Name == row.Name && other.Mark.Source != row.Mark.Source && row.Mark.Source == "built-in rows"))
                    continue; // the user's row of that name stands for it
                if (rows.FirstOrDefault(other => other.Name == row.Name) is { } same)
                    errors.Add(new ConfigError(row.Mark, $"a row named {row.Name} stands at {same.Mark} already. Give this one another name, or remove one of the two."));
                else if (rows.FirstOrDefault(row.Overlaps) is { } first)
                    errors.Add(new ConfigError(first.Mark.Source == "built-in rows" || row.Mark.Source != "built-in rows" ? row.Mark : first.Mark,
                        $"rows {first.Name} ({first.Mark}) and {row.Name} ({row.Mark}) claim the same devices. Narrow pci, pci-class or driver of one of them{(row.Mark.Source == "built-in rows" ? $", or name your row {row.Name} so that it replaces the built-in one" : "")}."));
                else
                    rows.Add(row);
            }
        }
        return new GenericTable(rows.ToImmutable(), errors.ToImmutable());
    }

    private static GenericTable ReadFile(string path)
    {
        var (root, errors) = YamlTree.ReadFile(path);
        return Read(root, errors);
    }

    private static GenericTable Read(string source, string text)
    {
        var (root, errors) = YamlTree.Read(source, text);
        return Read(root, errors);
    }

    private static GenericTable Read(YamlNode? root, ImmutableArray<ConfigError> faults)
    {
        var errors = faults.ToBuilder();
        var top = new YamlFields("", root, errors);
        var list = top.List("rows");
        top.Close();
        if (root is not null && list.IsEmpty && errors.Count == 0)
            errors.Add(new ConfigError(root.Mark, "rows is missing or empty; it must be a list of devices, see docs/adding-a-vendor.md."));
        var rows = ImmutableArray.CreateBuilder<GenericRow>();
        for (var at = 0; at < list.Length; at++)
        {
            var before = errors.Count;
            var row = new Reader(new YamlFields($"rows[{at}]", list[at], errors), errors).Row(list[at].Mark);
            if (errors.Count == before)
                rows.Add(row);
        }
        return new GenericTable(rows.ToImmutable(), errors.ToImmutable());
    }

    private sealed class Reader(YamlFields fields, ImmutableArray<ConfigError>.Builder errors)
    {
        public GenericRow Row(ConfigMark mark)
        {
            var name = Needed("name", mark, text => text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_'), "letters, digits, - and _, as in acme-gpu");
            var sysfs = Checked("sysfs", IsPattern, "a path below /sys with * for any text, as in class/apex/apex_*");
            var row = new GenericRow
            {
                Name = name,
                Mark = mark,
                Model = fields.Text("model") ?? name,
                Pci = [.. Texts("pci", text => ParseIds(text) is not null, "PCI ids in hexadecimal, as in 1d22, 1d22:3684 or 1d0f:7064-7565").Select(text => ParseIds(text)!.Value)],
                PciClasses = Texts("pci-class", text => text.StartsWith("0x", StringComparison.Ordinal) && text.Length is > 2 and <= 8 && text.AsSpan(2).ContainsAnyExcept(LowerHex) == false, "the beginning of a PCI class in lower case, as in 0x0302"),
                Drivers = Texts("driver", text => text.Length > 0, "a kernel driver's name"),
                Sysfs = sysfs,
                Requires = Checked("requires", IsPattern, "a path below the device's folder with * for any text"),
                Nodes = Texts("nodes", IsNode, "a path below /dev, as in acme{n}, dri/{glob:drm/renderD*} or vfio/{link:iommu_group}"),
                SharedNodes = Texts("shared-nodes", IsPattern, "a path below /dev, as in acmectl"),
                Resource = Needed("resource", mark, IsResource, "a resource name, as in acme.com/gpu"),
                Environment = Environment(),
                Mounts = [.. Texts("mounts", text => ParseMount(text) is not null, "HOST:CONTAINER or HOST:CONTAINER:ro with absolute paths").Select(text => ParseMount(text)!)],
                Permissions = Checked("permissions", text => text.Length > 0 && text.Distinct().Count() == text.Length && text.All("rwm".Contains), "of r, w and m at least one, each once") ?? "rwm",
                Slots = fields.Number("slots", 1, MostSlots) ?? 1,
                Health = Health(),
                Readings = Readings(),
            };
            fields.Close();
            if (row.Pci.IsEmpty && row.Sysfs is null)
                errors.Add(new ConfigError(mark, $"{fields.Full("pci")}: nothing says which devices; give pci, sysfs or both."));
            return row;
        }

        private string Needed(string key, ConfigMark mark, Func<string, bool> isGood, string form)
        {
            if (Checked(key, isGood, form) is { } text)
                return text;
            if (fields.Find(key) is null)
                errors.Add(new ConfigError(mark, $"{fields.Full(key)} is missing; it must be {form}."));
            return "";
        }

        private string? Checked(string key, Func<string, bool> isGood, string form)
        {
            if (fields.Text(key) is not { } text)
                return null;
            if (text.Length > 0 && isGood(text))
                return text;
            fields.Error(fields.Find(key)!.Value.Value.Mark, key, $"\"{YamlFields.Show(fields.Find(key)!.Value.Value)}\" is not usable; it must be {form}.");
            return null;
        }

        private ImmutableArray<string> Texts(string key, Func<string, bool> isGood, string form)
        {
            var texts = ImmutableArray.CreateBuilder<string>();
            foreach (var item in fields.List(key))
            {
                if (item is YamlScalar { Text: var text } && isGood(text))
                    texts.Add(text);
                else
                    fields.Error(item.Mark, key, $"\"{YamlFields.Show(item)}\" is not usable; each must be {form}.");
            }
            return texts.ToImmutable();
        }

        private ImmutableSortedDictionary<string, string> Environment()
        {
            var variables = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
            if (fields.Find("environment") is not { } entry)
                return variables.ToImmutable();
            if (entry.Value is not YamlMap map)
            {
                fields.Error(entry.Value.Mark, "environment", "it must be a mapping of variables to texts.");
                return variables.ToImmutable();
            }
            foreach (var (key, mark, value) in map.Entries)
            {
                if (key.Length > 0 && key.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_') && value is YamlScalar { Text: var text } && GenericTemplate.IsGood(text, "ids", "indexes", "addresses", "paths"))
                    variables[key] = text;
                else
                    fields.Error(mark, $"environment.{key}", $"\"{YamlFields.Show(value)}\" is not usable; it must be a text, in which {{ids}}, {{indexes}}, {{addresses}} and {{paths}} stand for the devices.");
            }
            return variables.ToImmutable();
        }

        private ImmutableArray<GenericCheck> Health() => [.. Items("health", (item, path) =>
        {
            var check = new Reader(item, errors);
            var made = new GenericCheck(
                check.Needed("file", item.Mark, IsPattern, "a path below the device's folder in sysfs"), check.Texts("good", text => text.Length > 0, "a text that the file holds while the device is well"), item.Text("unless"));
            if (made.Good.IsEmpty)
                errors.Add(new ConfigError(item.Mark, $"{path}.good is missing or empty; it must list the texts of a device that is well."));
            return made;
        })];

        private ImmutableArray<GenericReading> Readings() => [.. Items("readings", (item, _) =>
        {
            var reading = new Reader(item, errors);
            var scale = item.Text("scale") is not { } text ? 1 : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : 0;
            if (scale == 0)
                item.Error(item.Mark, "scale", "it must be a number other than 0, as in 0.001.");
            return new GenericReading(
                reading.Needed("field", item.Mark, GenericFields.Readings.Contains, string.Join(", ", GenericFields.Readings)),
                reading.Needed("file", item.Mark, IsPattern, "a path below the device's folder in sysfs"), scale);
        })];

        private List<T> Items<T>(string key, Func<YamlFields, string, T> read)
        {
            var made = new List<T>();
            var list = fields.List(key);
            for (var at = 0; at < list.Length; at++)
            {
                var path = $"{fields.Full(key)}[{at}]";
                var item = new YamlFields(path, list[at], errors);
                made.Add(read(item, path));
                item.Close();
            }
            return made;
        }
    }

    private static PciIds? ParseIds(string text)
    {
        var parts = text.Split(':', '-');
        return text.Length is 4 or 9 or 14 && parts.All(part => part.Length == 4) && (text.Length < 9 || text[4] == ':') && (text.Length < 14 || text[9] == '-')
            && Hex(parts[0]) is { } maker && (parts.Length < 2 ? 0 : Hex(parts[1])) is { } first && (parts.Length < 2 ? ushort.MaxValue : Hex(parts[^1])) is { } last && first <= last
                ? new PciIds(maker, first, last) : null;

        static ushort? Hex(string digits) => ushort.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    private static AllocatedMount? ParseMount(string text) => text.Split(':') is [['/', ..] host, ['/', ..] container, .. var rest] && rest is [] or ["ro"] or ["rw"]
        ? new AllocatedMount(text.Split(':')[0], text.Split(':')[1], text.EndsWith(":ro", StringComparison.Ordinal)) : null;

    private static bool IsPattern(string text) =>
        text.Length > 0 && text.Split('/').All(step => step.Length > 0 && step is not ("." or "..") && !step.Contains("**", StringComparison.Ordinal) && !step.AsSpan().ContainsAny(NoPath));

    private static bool IsNode(string text) => GenericTemplate.IsGood(text, "n", "name", "glob:", "link:") && IsPattern(GenericTemplate.Fill(text, _ => "x"));

    private static bool IsResource(string text) => GenericTemplate.IsGood(text, "file:") && ResourceName.Fault(GenericTemplate.Fill(text, _ => "x")) is null && text.IndexOf('{') is < 0 or > 0;
}
