using System.Globalization;
using AIInfra.Fleet.Identity;

namespace AIInfra.Aggregator.Hosting;

/// <summary>Makes a second aggregator on the same state folder refuse. The kernel frees it with the process, however that ends.</summary>
internal sealed class AggregatorLock : IDisposable
{
    private readonly FileStream _file;

    private AggregatorLock(FileStream file) => _file = file;

    /// <returns>Null, with one sentence and an exit status, when that fails.</returns>
    public static AggregatorLock? Take(string folder, out string refusal, out int status)
    {
        (refusal, status) = ("", ExitStatus.Ok);
        var (path, pid) = (Path.Combine(folder, "aggregator.lock"), Path.Combine(folder, "aggregator.pid"));
        try
        {
            PrivateFiles.MakeFolder(folder);
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            File.WriteAllText(pid, string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}\n"));
            return new AggregatorLock(file);
        }
        catch (UnauthorizedAccessException)
        {
            refusal = $"No permission to use the state folder {folder}. Start it as the user that owns it, or set state.path to a folder of your own.";
            status = ExitStatus.CannotCreate;
        }
        catch (IOException) when (File.Exists(path))
        {
            var holder = File.Exists(pid) ? $" (process {File.ReadAllText(pid).Trim()})" : "";
            refusal = $"Another aiinfra-aggregator runs on {folder} already{holder}; this one was not started. A second replica needs its own state.path with a copy of the files in it.";
            status = ExitStatus.AlreadyRunning;
        }
        catch (IOException fault)
        {
            refusal = $"The state folder {folder} cannot be used: {fault.Message} Set state.path to a folder that can be written.";
            status = ExitStatus.CannotCreate;
        }
        return null;
    }

    public void Dispose() => _file.Dispose();
}
