using System.Globalization;

namespace AIInfra.Core.Hosting;

/// <summary>The lock that makes a second daemon on the same folder refuse. The kernel frees it with the process, however that ends.</summary>
public sealed class SingleInstance : IDisposable
{
    private readonly FileStream _file;

    private SingleInstance(FileStream file) => _file = file;

    /// <summary>Makes the folder (mode 0700) and takes the lock.</summary>
    /// <param name="name">Of the daemon: NAME.lock and NAME.pid lie in the folder.</param>
    /// <returns>Null when that fails.</returns>
    public static SingleInstance? Take(string folder, string name, out InstanceRefusal refusal)
    {
        var (path, pid) = (Path.Combine(folder, $"{name}.lock"), Path.Combine(folder, $"{name}.pid"));
        try
        {
            if (!Directory.Exists(folder))
                Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            File.WriteAllText(pid, string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}\n"));
            refusal = default;
            return new SingleInstance(file);
        }
        catch (UnauthorizedAccessException)
        {
            refusal = new InstanceRefusal(InstanceFault.NoPermission, "");
        }
        catch (IOException) when (File.Exists(path))
        {
            refusal = new InstanceRefusal(InstanceFault.Taken, Holder(pid));
        }
        catch (IOException fault)
        {
            refusal = new InstanceRefusal(InstanceFault.Unusable, fault.Message);
        }
        return null;
    }

    public void Dispose() => _file.Dispose();

    private static string Holder(string pidFile)
    {
        try
        {
            return int.TryParse(File.ReadAllText(pidFile), out var pid) ? $" (process {pid})" : "";
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}

public enum InstanceFault
{
    NoPermission,
    /// <summary>Another one runs on the folder.</summary>
    Taken,
    /// <summary>The folder cannot be made or written.</summary>
    Unusable,
}

/// <param name="Detail">Of <see cref="InstanceFault.Taken"/>: <c> (process 17)</c>, or nothing where it is not known. Of <see cref="InstanceFault.Unusable"/>: why.</param>
public readonly record struct InstanceRefusal(InstanceFault Fault, string Detail);
