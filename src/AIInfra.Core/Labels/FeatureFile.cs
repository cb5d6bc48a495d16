using System.Collections.Immutable;
using System.Text;

namespace AIInfra.Core.Labels;

/// <summary>The file by which Node Feature Discovery takes over labels: a line <c>NAME=VALUE</c> for each.</summary>
public static class FeatureFile
{
    /// <summary>Puts the file there whole, or leaves what was there before.</summary>
    /// <exception cref="IOException">The folder is not there, read-only or full.</exception>
    /// <exception cref="UnauthorizedAccessException">As above.</exception>
    public static void Write(string path, ImmutableSortedDictionary<string, string> labels)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in labels)
            text.Append(name).Append('=').Append(value).Append('\n');
        // NFD passes over files whose name begins with a dot.
        var temporary = Path.Combine(Path.GetDirectoryName(path) ?? "", $".{Path.GetFileName(path)}.tmp");
        try
        {
            File.WriteAllText(temporary, text.ToString());
            File.SetUnixFileMode(temporary, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            File.Delete(temporary);
            throw;
        }
    }
}
