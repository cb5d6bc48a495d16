using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;
using AIInfra.Testing;
using AIInfra.Vendors.Intel;
using AIInfra.Vendors.Intel.LevelZero;

namespace AIInfra.UnitTests.Vendors;

/// <summary>When Level Zero's vendor host runs at all.</summary>
public sealed class LevelZeroWorkerTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly SampleBoard _samples = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _started = new(0), _ended = new(0);
    private readonly ManualTime _time = new();

    private Task Run(bool? enabled, string library = "/no/such/file") =>
        new LevelZeroWorker(_samples, new VendorOptions { Enabled = enabled, Library = library }, ServeAsync, _time).RunAsync(_stop.Token);

    private async Task ServeAsync(CancellationToken cancellationToken)
    {
        _started.Release();
        try
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        finally
        {
            _ended.Release();
        }
    }

    private void Answer(params string[] gpus) =>
        _samples.Publish(new VendorSample(IntelFields.Table, [.. gpus.Select(gpu => new DeviceSample(gpu, new Reading[IntelFields.Table.Count], 0))]));

    [Fact]
    public async Task It_waits_for_a_GPU_and_begins_anew_with_one_that_comes()
    {
        var run = Run(enabled: true);
        Assert.Equal(0, _started.CurrentCount);

        Answer("a", "b");
        Assert.True(await _started.WaitAsync(Patience, TestContext.Current.CancellationToken));
        Answer("a", "b", "c");
        Assert.True(await _ended.WaitAsync(Patience, TestContext.Current.CancellationToken));
        Assert.True(await _started.WaitAsync(Patience, TestContext.Current.CancellationToken));

        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run.WaitAsync(Patience, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Without_a_file_of_the_library_nothing_is_started_until_there_is_one()
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("aiinfra-lz-").FullName, "libze_loader.so.1");
        var run = Run(enabled: null, file);
        Answer("a");
        await _time.WhenWaitingAsync(TimeSpan.FromSeconds(60)).WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.Equal(0, _started.CurrentCount);

        await File.WriteAllTextAsync(file, "", TestContext.Current.CancellationToken);
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.True(await _started.WaitAsync(Patience, TestContext.Current.CancellationToken));

        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run.WaitAsync(Patience, TestContext.Current.CancellationToken));
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    public void Dispose()
    {
        _stop.Dispose();
        _started.Dispose();
        _ended.Dispose();
    }
}
