namespace AIInfra.FunctionalTests.Grpc;

/// <summary>The deadline of every await in these tests. It is long, for machines are slow; it ends what would never end.</summary>
internal static class Patience
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    extension<T>(Task<T> task)
    {
        public Task<T> Soon() => task.WaitAsync(Longest, Token);
    }

    extension(Task task)
    {
        public Task Soon() => task.WaitAsync(Longest, Token);
    }
}
