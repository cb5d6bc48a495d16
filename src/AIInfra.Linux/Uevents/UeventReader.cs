using System.Runtime.CompilerServices;
using System.Text;

namespace AIInfra.Linux.Uevents;

/// <summary>Reads the kernel's device events as they come. What happened before is not told by the kernel: whoever reads looks first.</summary>
/// <param name="standIn">A file of uevents in place of the kernel's, for a host that is none: as the kernel sends them, but a line each,
/// and an empty line behind each event. It may be absent, grow, and be begun anew, and is read from its start. Null: the kernel's.</param>
public sealed class UeventReader(TimeProvider time, string? standIn)
{
    private const int MostBytes = 1 << 20;
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(250);

    /// <exception cref="System.ComponentModel.Win32Exception">The kernel refuses to tell.</exception>
    public IAsyncEnumerable<Uevent> ReadAsync(CancellationToken cancellationToken) =>
        standIn is null ? ReadKernelAsync(cancellationToken) : ReadFileAsync(standIn, cancellationToken);

    private static async IAsyncEnumerable<Uevent> ReadKernelAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var socket = UeventSocket.Open();
        while (true)
            yield return await socket.ReadAsync(cancellationToken);
    }

    private async IAsyncEnumerable<Uevent> ReadFileAsync(string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var place = 0L;
        using var beat = new PeriodicTimer(LookInterval, time);
        do
        {
            var (text, next) = ReadNew(path, place);
            place = next;
            foreach (var one in text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
            {
                if (Uevent.Parse(Encoding.UTF8.GetBytes(one), (byte)'\n') is { } happened)
                    yield return happened;
            }
        }
        while (await beat.WaitForNextTickAsync(cancellationToken));
    }

    /// <summary>The whole events behind a place, and the place behind them. A file that is shorter was begun anew.</summary>
    private static (string Text, long Place) ReadNew(string path, long place)
    {
        try
        {
            using var file = File.Open(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (file.Length < place)
                place = 0;
            file.Seek(place, SeekOrigin.Begin);
            var bytes = new byte[Math.Min(file.Length - place, MostBytes)];
            var text = Encoding.UTF8.GetString(bytes.AsSpan(0, file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)));
            var end = text.LastIndexOf("\n\n", StringComparison.Ordinal);
            return end < 0 ? ("", place) : (text[..end], place + Encoding.UTF8.GetByteCount(text.AsSpan(0, end + 2)));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return ("", 0);
        }
    }
}
