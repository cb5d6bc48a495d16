using System.Collections.Immutable;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Intel.LevelZero;

/// <summary>Runs Level Zero's vendor host while GPUs answer by their files and, where it is not demanded, a file of the library is there. The loader lists the GPUs once
/// for a process, so that a GPU which comes, or comes back, is another run.</summary>
/// <param name="samples">Of the node.</param>
/// <param name="serve">Serves the library until it is cancelled; called again after that.</param>
internal sealed class LevelZeroWorker(SampleBoard samples, VendorOptions options, Func<CancellationToken, Task> serve, TimeProvider time) : IWorker
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(60);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await AnotherAsync([], cancellationToken);
            if (options.Enabled != true && !IsThere(options.Library))
            {
                await Task.Delay(LookAgain, time, cancellationToken);
                continue;
            }
            using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var known = Answering(samples.Current.Value); // before the library is opened: one that comes meanwhile is another
            var run = serve(end.Token);
            var other = AnotherAsync(known, end.Token);
            await Task.WhenAny(run, other);
            await end.CancelAsync();
            await other.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (run.IsFaulted)
                await run; // the supervisor says it and starts anew
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Returns when a GPU answers that did not.</summary>
    private async Task AnotherAsync(ImmutableHashSet<string> known, CancellationToken cancellationToken)
    {
        await foreach (var sample in samples.Current.WatchAsync(cancellationToken))
        {
            var now = Answering(sample);
            if (!now.IsSubsetOf(known))
                return;
            known = now;
        }
    }

    private static ImmutableHashSet<string> Answering(NodeSample sample) =>
        [.. sample.Vendors.Where(vendor => vendor.Fields.Vendor == IntelFields.Vendor).SelectMany(vendor => vendor.Devices).Select(device => device.DeviceId)];

    /// <summary>A look at the folders costs nothing beside a process that finds that there is none.</summary>
    private static bool IsThere(string library) => library.Contains('/', StringComparison.Ordinal)
        ? File.Exists(library)
        : LevelZeroLibrary.Folders.Concat(Environment.GetEnvironmentVariable("LD_LIBRARY_PATH")?.Split(':', StringSplitOptions.RemoveEmptyEntries) ?? []).Any(folder => File.Exists(Path.Combine(folder, library)));
}
