namespace AIInfra.Core.VendorFiles;

/// <summary>A thread for work that may hang in the kernel. It does one piece after the other and never keeps the process alive.</summary>
internal sealed class FileThread : IDisposable
{
    private readonly SemaphoreSlim _wake = new(0);
    private (Action Work, TaskCompletionSource Done)? _next;
    private volatile bool _isEnded;

    /// <param name="name">As ps shows it.</param>
    public FileThread(string name) => new Thread(Run) { IsBackground = true, Name = name }.Start();

    /// <summary>Ends as the work does; never, if the kernel does not answer. One at a time.</summary>
    public Task RunAsync(Action work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _next = (work, done);
        _wake.Release();
        return done.Task;
    }

    private void Run()
    {
        while (true)
        {
            _wake.Wait();
            if (_isEnded)
                return;
            var (work, done) = _next!.Value;
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
        }
    }

    /// <summary>It ends when its work has.</summary>
    public void Dispose()
    {
        _isEnded = true;
        _wake.Release();
    }
}
