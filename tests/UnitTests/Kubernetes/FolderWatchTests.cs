using AIInfra.Linux.Files;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Kubernetes;

/// <summary>On real folders; the clock stands still, so that only events can wake.</summary>
public sealed class FolderWatchTests : IDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(5), Deadline = TimeSpan.FromSeconds(30);

    private readonly string _root = Directory.CreateTempSubdirectory("aiinfra-test-").FullName;
    private readonly ManualTime _time = new();
    private string Folder => Path.Combine(_root, "folder");

    public FolderWatchTests() => Directory.CreateDirectory(Folder);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task A_new_file_a_removed_one_and_a_replaced_folder_wake_the_caller()
    {
        using var watch = new FolderWatch(Folder, Poll, _time);
        await WaitAsync(watch); // the folder itself is news

        File.WriteAllText(Path.Combine(Folder, "kubelet.sock"), "");
        await WaitAsync(watch);
        File.Delete(Path.Combine(Folder, "kubelet.sock"));
        await WaitAsync(watch);
        Directory.Delete(Folder);
        Directory.CreateDirectory(Folder);
        await WaitAsync(watch);
        File.WriteAllText(Path.Combine(Folder, "in-the-new-one"), "");
        await WaitAsync(watch);
    }

    [Fact]
    public async Task Without_events_it_looks_again_after_the_poll_and_sooner_where_there_is_no_folder()
    {
        using var watch = new FolderWatch(Folder, Poll, _time);
        await WaitAsync(watch);
        var quiet = WaitAsync(watch);
        await _time.WhenWaitingAsync(Poll);
        _time.Advance(Poll);
        await quiet;

        using var absent = new FolderWatch(Path.Combine(_root, "absent"), Poll, _time);
        var missing = WaitAsync(absent);
        await _time.WhenWaitingAsync(TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(1));
        await missing;
    }

    [Fact]
    public void A_file_made_anew_under_the_same_name_is_another_one()
    {
        var path = Path.Combine(Folder, "kubelet.sock");
        File.WriteAllText(path, "");
        var first = FileIdentity.TryRead(path);
        File.WriteAllText(path, "written again");
        Assert.Equal(first, FileIdentity.TryRead(path));

        File.Delete(path);
        Assert.Null(FileIdentity.TryRead(path));
        File.WriteAllText(path, "");
        Assert.NotEqual(first, FileIdentity.TryRead(path));
    }

    private static Task WaitAsync(FolderWatch watch) =>
        watch.WaitAsync(TestContext.Current.CancellationToken).WaitAsync(Deadline, TestContext.Current.CancellationToken);
}
