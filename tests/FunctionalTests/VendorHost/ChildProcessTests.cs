using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using AIInfra.Linux.Processes;

namespace AIInfra.FunctionalTests.VendorHost;

public sealed partial class ChildProcessTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private static CancellationToken Stop => TestContext.Current.CancellationToken;
    private const string ListDescriptors = "exec >&3; for f in /proc/$$/fd/*; do [ -L \"$f\" ] && echo \"${f##*/}\"; done";

    [Fact]
    public async Task A_child_has_the_standard_descriptors_and_its_socket_and_nothing_else()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var leaky = Duplicate((int)listener.Server.Handle); // dup(2) leaves close-on-exec off

        var child = ChildProcess.Start("/bin/sh", ["-c", ListDescriptors], []);

        Assert.Equal("0 1 2 3", await WordsAsync(child));
        _ = Close(leaky);
    }

    [Fact]
    public async Task A_child_has_nothing_else_on_a_C_library_without_closefrom_either()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var leaky = Duplicate((int)listener.Server.Handle);
        ChildProcess child;
        unsafe
        {
            child = ChildProcess.Start("/bin/sh", ["-c", ListDescriptors], [], Spawn.CloseEach);
        }

        Assert.Equal("0 1 2 3", await WordsAsync(child));
        _ = Close(leaky);
    }

    [Fact]
    public async Task A_child_ignores_and_blocks_no_signal_although_this_process_ignores_SIGPIPE()
    {
        var child = ChildProcess.Start("/bin/sh", ["-c", "exec grep -E '^Sig(Blk|Ign)' /proc/self/status >&3"], []);

        var words = (await WordsAsync(child)).Split(' ');
        Assert.Equal("0000000000000000", words[1]);
        Assert.Equal(0, Convert.ToInt64(words[3], 16) & 0x7fffffff); // above 31: the C library's own
    }

    [Fact]
    public async Task A_child_has_exactly_the_environment_that_is_given()
    {
        var child = ChildProcess.Start("/bin/sh", ["-c", "exec cat /proc/$$/environ >&3"], [new("PATH", "/usr/bin:/bin"), new("EMPTY", "")]);

        Assert.StartsWith("PATH=/usr/bin:/bin\0EMPTY=\0PWD=", await TextAsync(child), StringComparison.Ordinal); // the shell itself adds PWD before exec
    }

    [Theory]
    [InlineData("exit 7", "exit code 7")]
    [InlineData("kill -SEGV $$", "signal 11 (SIGSEGV)")]
    public async Task How_a_child_ended_is_told(string script, string how)
    {
        var child = ChildProcess.Start("/bin/sh", ["-c", script], []);

        Assert.Equal(how, (await child.Exited.WaitAsync(Deadline, Stop)).ToString());
    }

    [Fact]
    public void A_program_that_is_not_there_is_an_error_that_names_it()
    {
        var fault = Assert.Throws<Win32Exception>(() => ChildProcess.Start("/no/such/program", [], []));

        Assert.Equal("start /no/such/program: No such file or directory", fault.Message);
    }

    private static async Task<string> WordsAsync(ChildProcess child) =>
        string.Join(' ', (await TextAsync(child)).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static async Task<string> TextAsync(ChildProcess child)
    {
        using var stream = new NetworkStream(child.Socket, ownsSocket: true);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return await reader.ReadToEndAsync().WaitAsync(Deadline, Stop);
    }

    [LibraryImport("libc", EntryPoint = "dup")]
    private static partial int Duplicate(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
