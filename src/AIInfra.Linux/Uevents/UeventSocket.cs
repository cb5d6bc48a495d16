using System.Buffers.Binary;
using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace AIInfra.Linux.Uevents;

/// <summary>The kernel's multicast of uevents (netlink(7), NETLINK_KOBJECT_UEVENT, group 1). Needs no privilege on most hosts.</summary>
internal sealed partial class UeventSocket : IDisposable
{
    private const int Family = 16, Datagram = 2, CloseOnExec = 0x80000, NonBlocking = 0x800, Protocol = 15, Group = 1;
    private const int AddressBytes = 12, SenderPlace = 4, GroupsPlace = 8; // struct sockaddr_nl
    private const int MessageBytes = 16 * 1024, RoomForAddress = 128; // what Socket asks for of a family it does not know

    private readonly Socket _socket;
    private readonly byte[] _buffer = new byte[MessageBytes];
    private readonly SocketAddress _sender = new(AddressFamily.Unspecified, RoomForAddress);

    private UeventSocket(Socket socket) => _socket = socket;

    /// <exception cref="Win32Exception">The kernel refuses.</exception>
    public static UeventSocket Open()
    {
        var handle = new SafeSocketHandle(Create(Family, Datagram | CloseOnExec | NonBlocking, Protocol), ownsHandle: true);
        if (handle.IsInvalid)
            throw Failure("socket");
        Span<byte> address = stackalloc byte[AddressBytes];
        address.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(address, Family);
        BinaryPrimitives.WriteUInt32LittleEndian(address[GroupsPlace..], Group);
        if (Bind(handle, address, AddressBytes) != 0)
        {
            var failure = Failure("bind");
            handle.Dispose();
            throw failure;
        }
        return new UeventSocket(new Socket(handle));
    }

    /// <summary>The next one of the kernel's; what any other sender says is passed over.</summary>
    public async Task<Uevent> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                _sender.Size = RoomForAddress;
                var count = await _socket.ReceiveFromAsync(_buffer, SocketFlags.None, _sender, cancellationToken);
                if (IsKernel(_sender.Buffer.Span) && Uevent.Parse(_buffer.AsSpan(0, count).TrimEnd((byte)0), 0) is { } happened)
                    return happened;
            }
            catch (SocketException fault) when (fault.SocketErrorCode == SocketError.NoBufferSpaceAvailable)
            {
                return Uevent.Overrun;
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>Any process with the right to may send into the group: only port 0 is the kernel.</summary>
    internal static bool IsKernel(ReadOnlySpan<byte> sender) =>
        BinaryPrimitives.ReadUInt16LittleEndian(sender) == Family && BinaryPrimitives.ReadUInt32LittleEndian(sender[SenderPlace..]) == 0;

    private static Win32Exception Failure(string call)
    {
        var error = Marshal.GetLastPInvokeError();
        return new Win32Exception(error, $"{call} of the kernel's device events: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int Create(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int Bind(SafeSocketHandle socket, ReadOnlySpan<byte> address, int length);
}
