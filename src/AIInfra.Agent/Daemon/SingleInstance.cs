using System.Globalization;

namespace AIInfra.Agent.Daemon;

/// <summary>The lock that makes a second daemon on the same run folder refuse. The kernel frees it with the process, however that ends.</summary>
internal sealed class SingleInstance : IDisposable
{
    private readonly FileStream _file;

    private SingleInstance(FileStream file) => _file = file;

    /// <summary>Makes the folder (mode 0700) and takes the lock.</summary>
    /// <returns>Null, with one sentence and an exit status, when that fails.</returns>
    public static SingleInstance? Take(string runPath, out string refusal, out int status)
    {
        (refusal, status) = ("", ExitStatus.Ok);
        var path = Path.Combine(runPath, "agent.lock");
        try
        {
            if (!Directory.Exists(runPath))
                Directory.CreateDirectory(runPath, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            File.WriteAllText(PidFile(runPath), string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}\n"));
            return new SingleInstance(file);
        }
        catch (UnauthorizedAccessException)
        {
            refusal = $"No permission to use the run folder {runPath}. Start the daemon as root, or set run.path and state.path to folders of your own in a file given with --config.";
            status = ExitStatus.CannotCreate;
        }
        catch (IOException) when (File.Exists(path))
        {
            refusal = $"Another aiinfra-agent runs on {runPath} already{Holder(runPath)}; this one was not started. `aiinfra-agent status` asks the running one; a second one needs its own run.path, state.path and metrics.address.";
            status = ExitStatus.AlreadyRunning;
        }
        catch (IOException fault)
        {
            refusal = $"The run folder {runPath} cannot be used: {fault.Message} Set run.path to a folder that can be written.";
            status = ExitStatus.CannotCreate;
        }
        return null;
    }

    public void Dispose() => _file.Dispose();

    private static string PidFile(string runPath) => Path.Combine(runPath, "agent.pid");

    private static string Holder(string runPath)
    {
        try
        {
            return int.TryParse(File.ReadAllText(PidFile(runPath)), out var pid) ? $" (process {pid})" : "";
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
