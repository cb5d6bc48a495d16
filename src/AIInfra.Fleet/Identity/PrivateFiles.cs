using System.Text;
using AIInfra.Linux.Files;

namespace AIInfra.Fleet.Identity;

/// <summary>Small files with secrets, for their owner alone: replaced whole or not at all.</summary>
public static class PrivateFiles
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public static void MakeFolder(string folder)
    {
        if (!Directory.Exists(folder))
            Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
    }

    /// <exception cref="IOException">It is not written; what was there stays.</exception>
    public static void Write(string path, string text) => WholeFile.Write(path, Encoding.UTF8.GetBytes(text), OwnerOnly);

    /// <summary>Does something while no other process does it in this folder. Waits up to 5 s for its turn.</summary>
    /// <exception cref="IOException">The folder cannot be written, or the turn did not come.</exception>
    public static T Locked<T>(string folder, Func<T> act)
    {
        MakeFolder(folder);
        for (var left = 50; ; left--)
        {
            try
            {
                using var held = new FileStream(Path.Combine(folder, "change.lock"), new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, UnixCreateMode = OwnerOnly });
                return act();
            }
            catch (IOException) when (left > 0 && File.Exists(Path.Combine(folder, "change.lock")))
            {
                Thread.Sleep(100);
            }
        }
    }
}
