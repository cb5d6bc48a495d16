using System.Buffers.Text;
using AIInfra.Core.Sampling;
using Microsoft.Win32.SafeHandles;

namespace AIInfra.Core.VendorFiles;

/// <summary>One file of the kernel's that is kept open and read anew from its start each time (pread), without allocating. Blocks as the driver behind it does.</summary>
public sealed class KernelFile : IDisposable
{
    private const int Invalid = 22, NotPermitted = 1, NoAccess = 13, NotSupported = 95; // errno: this device has no such value, see errno(3)
    private const int LongestNumber = 64;

    private SafeFileHandle? _file;

    private KernelFile(SafeFileHandle? file) => _file = file;

    /// <summary>One that is not there, or may not be read, tells absent from then on.</summary>
    public static KernelFile Open(string path)
    {
        try
        {
            return new KernelFile(File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return new KernelFile(null);
        }
    }

    /// <summary>False: it is not there, or said once that this device has no such value.</summary>
    public bool IsThere => _file is not null;

    /// <returns>Present with the bytes that were read; unknown when the file is there and does not answer.</returns>
    public ReadingState Read(Span<byte> buffer, out int length)
    {
        length = 0;
        if (_file is null)
            return ReadingState.Absent;
        try
        {
            length = RandomAccess.Read(_file, buffer, 0);
            return ReadingState.Present;
        }
        catch (Exception fault) when (fault is UnauthorizedAccessException or NotSupportedException) // the latter: a pipe or the like, no file of values
        {
            return Forget();
        }
        catch (IOException fault) when (fault.HResult is Invalid or NotPermitted or NoAccess or NotSupported)
        {
            return Forget();
        }
        catch (IOException)
        {
            return ReadingState.Unknown;
        }
    }

    /// <summary>The number that the file begins with: <c>4: ACTIVE</c> is 4. A text such as <c>N/A (no PMA)</c> is absent, anything else unknown.</summary>
    public Reading ReadNumber(double scale = 1)
    {
        Span<byte> buffer = stackalloc byte[LongestNumber];
        var state = Read(buffer, out var length);
        return state == ReadingState.Present ? NumberOf(buffer[..length], scale) : new Reading(state, 0);
    }

    internal static Reading NumberOf(ReadOnlySpan<byte> text, double scale = 1)
    {
        if (text.StartsWith("N/A"u8))
            return Reading.Absent;
        return Utf8Parser.TryParse(text, out double number, out var used) && double.IsFinite(number)
            && (used == text.Length || text[used] is (byte)'\n' or (byte)' ' or (byte)':' or 0)
            ? Reading.Of(number * scale) : Reading.Unknown;
    }

    private ReadingState Forget()
    {
        Dispose();
        return ReadingState.Absent;
    }

    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
    }
}
