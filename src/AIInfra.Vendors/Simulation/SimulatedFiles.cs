using System.Globalization;

namespace AIInfra.Vendors.Simulation;

/// <summary>The files of a simulated host. What is there already is written in place, as a kernel's file changes: whoever has it open reads the new text.</summary>
public sealed class SimulatedFiles(string root)
{
    public string Here(string path) => Path.Combine(root, path);

    public void Put(string path, string text) => Put(path, System.Text.Encoding.UTF8.GetBytes(text + "\n"));

    public void Put(string path, long number) => Put(path, number.ToString(CultureInfo.InvariantCulture));

    public void Put(string path, ReadOnlySpan<byte> bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Here(path))!);
        using var file = File.OpenHandle(Here(path), FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        RandomAccess.Write(file, bytes, 0);
        RandomAccess.SetLength(file, bytes.Length);
    }

    public void Link(string path, string target)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Here(path))!);
        File.Delete(Here(path));
        File.CreateSymbolicLink(Here(path), target);
    }

    /// <summary>A file, a link or a folder with all in it; nothing when it is not there.</summary>
    public void Remove(string path)
    {
        var here = Here(path);
        if (Directory.Exists(here) && new DirectoryInfo(here).LinkTarget is null)
            Directory.Delete(here, recursive: true);
        else
            File.Delete(here);
    }
}
