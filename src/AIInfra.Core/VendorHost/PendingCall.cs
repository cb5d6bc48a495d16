namespace AIInfra.Core.VendorHost;

/// <summary>A request that waits for its answer.</summary>
internal abstract class PendingCall(FrameKind kind, uint request)
{
    internal FrameKind Kind { get; } = kind;
    internal uint Request { get; } = request;
    /// <summary>Completes in any way: answered, refused, or the child has ended.</summary>
    internal abstract Task Over { get; }

    internal abstract void Answer(FrameReader payload);
    internal abstract void Fail(Exception fault);
}

/// <summary>Takes an answer out of its frame.</summary>
internal delegate T ReadAnswer<out T>(ref FrameReader payload);

internal sealed class PendingCall<T>(FrameKind kind, uint request, ReadAnswer<T> read) : PendingCall(kind, request)
{
    private readonly TaskCompletionSource<T> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal Task<T> Result => _result.Task;
    internal override Task Over => _result.Task;

    internal override void Answer(FrameReader payload) => _result.TrySetResult(read(ref payload));

    internal override void Fail(Exception fault)
    {
        _result.TrySetException(fault);
        _ = _result.Task.Exception; // seen: the caller may have stopped waiting long ago
    }
}
