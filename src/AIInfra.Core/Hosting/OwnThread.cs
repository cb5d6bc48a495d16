namespace AIInfra.Core.Hosting;

/// <summary>Runs what may block on a thread of its own, never on the pool's.</summary>
internal static class OwnThread
{
    /// <returns>Completes when it has ended, with what it threw. A thread that hangs does not keep the process.</returns>
    public static Task RunAsync(string name, Action work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            try
            {
                work();
                done.SetResult();
            }
#pragma warning disable CA1031 // handed to whoever awaits the task
            catch (Exception fault)
#pragma warning restore CA1031
            {
                done.SetException(fault);
            }
        })
        { IsBackground = true, Name = name }.Start();
        return done.Task;
    }
}
