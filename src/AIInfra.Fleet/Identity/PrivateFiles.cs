using System.Text;
using AIInfra.Linux.Files;

namespace AIInfra.Fleet.Identity;

/// <summary>Small files with secrets, for their owner alone: replaced whole or not at all. What root makes belongs to the owner of its folder: a command that an
/// administrator runs must not shut the service out.</summary>
public static class PrivateFiles
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public static void MakeFolder(string folder)
    {
        if (Directory.Exists(folder))
            return;
        Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
        FileOwner.FollowParent(folder);
    }

    /// <exception cref="IOException">It is not written; what was there stays.</exception>
    public static void Write(string path, string text) => WholeFile.Write(path, Encoding.UTF8.GetBytes(text), OwnerOnly, isFolders: true);

    /// <summary>Does something while no other process does it in this folder. Waits up to 5 s for its turn.</summary>
    /// <exception cref="IOException">The folder cannot be written, or the turn did not come.</exception>
    public static T Locked<T>(string folder, Func<T> act)
    {
        MakeFolder(folder);
        var path = Path.Combine(folder, "change.lock");
        for (var left = 50; ; left--)
        {
            try
            {
                using var held = OpenLock(folder, path);
                return act();
            }
            catch (IOException) when (left > 0 && File.Exists(path))
            {
                Thread.Sleep(100);
            }
        }
    }

    private static FileStream OpenLock(string folder, string path)
    {
        if (File.Exists(path))
            return new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        var made = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.None, UnixCreateMode = OwnerOnly });
        FileOwner.Follow(made.SafeFileHandle, folder);
        return made;
    }
}
