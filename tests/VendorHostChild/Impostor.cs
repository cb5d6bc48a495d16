using System.Buffers.Binary;
using AIInfra.Linux.Processes;

namespace AIInfra.VendorHostChild;

/// <summary>Children that are not what they should be. File <c>impostor</c>: <c>old-version</c>, <c>garbage</c>, <c>exits</c>.</summary>
internal static class Impostor
{
    /// <summary>An exit code when it played one; null when none is asked for.</summary>
    internal static int? Plays(string folder)
    {
        var path = Path.Combine(folder, "impostor");
        switch (File.Exists(path) ? File.ReadAllText(path).Trim() : "")
        {
            case "old-version":
                ReadOnlySpan<byte> text = "0.0.1"u8;
                Span<byte> frame = stackalloc byte[9 + 2 + 4 + text.Length];
                BinaryPrimitives.WriteInt32LittleEndian(frame, frame.Length - 4);
                frame[4] = 1;
                BinaryPrimitives.WriteUInt16LittleEndian(frame[9..], 1);
                BinaryPrimitives.WriteInt32LittleEndian(frame[11..], text.Length);
                text.CopyTo(frame[15..]);
                ParentSocket.Send(frame);
                ParentSocket.WaitClosed();
                return 0;
            case "garbage":
                ParentSocket.Send("HTTP/1.1 400 Bad Request\r\n\r\n"u8);
                ParentSocket.WaitClosed();
                return 0;
            case "exits":
                return 7;
            default:
                return null;
        }
    }
}
