using System.Collections.Immutable;
using System.Text;
using AIInfra.Linux.Files;

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
        WholeFile.Write(path, Encoding.UTF8.GetBytes(text.ToString()), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
    }
}
