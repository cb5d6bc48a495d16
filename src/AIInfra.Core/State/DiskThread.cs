namespace AIInfra.Core.State;

/// <summary>Runs work that may hang in the kernel on a thread of its own, never on the pool.</summary>
internal static class DiskThread
{
    /// <summary>Starts the work. The task ends as the work does; when the disk hangs, never, and the thread does not keep the process alive.</summary>
    /// <param name="work">May block.</param>
    /// <param name="name">Of the thread, as ps shows it.</param>
    public static Task RunAsync(Action work, string name = "state")
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
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
        { IsBackground = true, Name = name };
        thread.Start();
        return done.Task;
    }
}
