namespace AIInfra.Core.VendorHost;

/// <summary>A child with a call in it that has not returned. It is neither joined nor killed; its socket stays open so that its answer is seen.</summary>
/// <param name="Board">Driver index of the board that hangs; null when the call was about none.</param>
/// <param name="Count">How many boards that child counted: an index means the same only while this does not change.</param>
/// <param name="DeviceId">Null when the board was never described.</param>
internal sealed record AbandonedChild(VendorChild Child, int? Board, int Count, string? DeviceId)
{
    /// <summary>Completes when the call returns at last, or the child ends.</summary>
    internal Task Answered { get; } = Child.Client.LateAnswer;
}

/// <summary>The children of one vendor that hang.</summary>
internal sealed class AbandonedChildren
{
    /// <summary>With this many the driver as a whole is beyond help from here.</summary>
    private const int Most = 2;

    private readonly List<AbandonedChild> _all = [];

    internal bool AreTooMany => _all.Count >= Most;
    internal bool IsEmpty => _all.Count == 0;
    internal IEnumerable<Task> Answers => _all.Select(one => one.Answered);

    internal void Add(AbandonedChild one)
    {
        one.Child.TellOnly(one.DeviceId ?? "");
        _all.Add(one);
    }

    /// <summary>Whether the board with this index must not be asked, in a child that counts this many boards.</summary>
    /// <remarks>A driver that counts fewer than before no longer counts the board that hangs, and the indexes have moved up.</remarks>
    internal bool Skips(int index, int count) => _all.Any(one => one.Board == index && count >= one.Count);

    internal bool Hangs(string deviceId) => _all.Any(one => one.DeviceId == deviceId);

    /// <summary>Takes out those that have answered or ended, and tells them to end.</summary>
    internal IReadOnlyList<AbandonedChild> TakeAnswered()
    {
        var answered = _all.Where(one => one.Answered.IsCompleted).ToArray();
        foreach (var one in answered)
        {
            _all.Remove(one);
            one.Child.Dispose();
        }
        return answered;
    }

    internal void CloseAll() => _all.ForEach(one => one.Child.Dispose());
}
