using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace AIInfra.Testing;

/// <summary>A booted machine has a network of its own, with nothing but itself on it. Programs of this host are put on it, and its addresses reached from here.</summary>
public static partial class MachineNetwork
{
    private const int NewNetwork = 0x4000_0000; // CLONE_NEWNET of linux/sched.h

    /// <summary>Starts a program of this host, with this host's files, on the machine's network.</summary>
    public static PeerProcess StartOnItsNetwork(this BootedMachine machine, string program, IEnumerable<string> words, IReadOnlyDictionary<string, string>? environment = null) =>
        PeerProcess.Start("nsenter", ["--target", $"{machine.Leader}", "--net", "--", program, .. words], environment);

    /// <summary>A client whose addresses are the machine's: 127.0.0.1 is the machine itself. Certificates are taken as they are.</summary>
    public static HttpClient Client(this BootedMachine machine)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = (context, _) => ValueTask.FromResult<Stream>(new NetworkStream(Connect(machine.Leader, context.DnsEndPoint), ownsSocket: true)),
        };
#pragma warning disable CA5359 // whose certificate it is, other tests look at
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        return new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(30) };
    }

    /// <summary>A socket belongs to the network of the thread that makes it, so one thread goes there and ends.</summary>
    private static Socket Connect(int leader, DnsEndPoint address)
    {
        Socket? socket = null;
        Exception? fault = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var network = File.OpenHandle($"/proc/{leader}/ns/net", FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                if (SetNamespace((int)network.DangerousGetHandle(), NewNetwork) != 0)
                    throw new IOException($"The network of process {leader} cannot be entered: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
                socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                socket.Connect(IPAddress.Parse(address.Host == "localhost" ? "127.0.0.1" : address.Host), address.Port);
            }
            catch (Exception problem) when (problem is IOException or SocketException or FormatException)
            {
                fault = problem;
                socket?.Dispose();
            }
        });
        thread.Start();
        thread.Join();
        return fault is null ? socket! : throw new HttpRequestException(fault.Message, fault);
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(int descriptor, int kind);
}
