namespace AIInfra.EndToEndTests;

/// <summary>Waits for an outside process to come to a state that it does not announce.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Asks twenty times a second until true; after the patience (30 s) the test fails with <paramref name="story"/>.</summary>
    public static async Task AsyncTrue(Func<Task<bool>> ask, Func<string> story, TimeSpan? patience = null)
    {
        var limit = patience ?? Patience;
        using var beat = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        var started = TimeProvider.System.GetTimestamp();
        while (!await ask())
        {
            if (TimeProvider.System.GetElapsedTime(started) > limit)
                Assert.Fail($"Not within {limit.TotalSeconds:0} s. The story so far:\n{story()}");
            await beat.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }
}
