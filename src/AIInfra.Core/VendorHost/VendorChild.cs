namespace AIInfra.Core.VendorHost;

/// <summary>A child that has the library open, and what is known of the file it loaded.</summary>
internal sealed class VendorChild(VendorHostClient client) : IDisposable
{
    private volatile string? _onlyDevice;
    private bool _isListening;

    internal VendorHostClient Client { get; } = client;
    internal LibraryInfo Info { get; private set; } = new(null, null, 0, false);
    /// <summary>Null when there is no file to watch.</summary>
    internal LibraryFile? File { get; private set; }
    /// <summary>Of the kernel module when the library was opened; null when it says none.</summary>
    internal string? ModuleVersion { get; private set; }
    /// <summary>Boards that the driver counted when they were last described.</summary>
    internal int Count { get; set; }
    /// <summary>Driver indexes that refused to be described.</summary>
    internal List<int> Refused { get; } = [];
    /// <summary>Hands on events until the child ends. Faults when a rule throws.</summary>
    internal Task Events { get; private set; } = Task.CompletedTask;

    internal async Task OpenAsync(VendorOptions options, KernelModule? module, CancellationToken cancellationToken)
    {
        ModuleVersion = module?.ReadVersion(); // before: a module that is changed meanwhile is found to be another
        var opened = await Client.OpenAsync(options.Library, options.OpenTimeout, cancellationToken);
        (Info, Count) = (opened.Info, opened.Info.DeviceCount);
        File = LibraryFile.Watch(options.Library, opened.MappedFile);
    }

    /// <summary>Starts the events, once.</summary>
    internal async Task ListenAsync(TimeSpan deadline, Action<VendorEvent> happened, CancellationToken cancellationToken)
    {
        if (_isListening)
            return;
        _isListening = true;
        await Client.ListenAsync(deadline, cancellationToken);
        Events = HandOnAsync(happened);
    }

    /// <summary>It is abandoned: another child tells the events of all other devices.</summary>
    /// <param name="deviceId">The device that hangs in it; empty when it has no name.</param>
    internal void TellOnly(string deviceId) => _onlyDevice = deviceId;

    public void Dispose() => Client.Dispose();

    private async Task HandOnAsync(Action<VendorEvent> happened)
    {
        await foreach (var one in Client.Events.ReadAllAsync())
        {
            if (_onlyDevice is not { } only || one.DeviceId == only)
                happened(one);
        }
    }
}
