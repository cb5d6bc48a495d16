using System.ComponentModel;
using System.Diagnostics;
using AIInfra.Linux.Uevents;

namespace AIInfra.FunctionalTests.Linux;

/// <summary>The real kernel's events. It sends one for a device that exists when it is asked to (sysfs-uevent).</summary>
public sealed class UeventSocketTests
{
    private const string Device = "/sys/devices/virtual/mem/null/uevent", FallBack = "/sys/class/net/lo/uevent";

    [Fact]
    public async Task The_kernel_is_heard_and_who_speaks_in_its_name_is_not()
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(20));
        using var socket = OpenOrSkip();
        await ForgeAsync(deadline.Token);
        var key = Guid.NewGuid().ToString();
        Assert.SkipUnless(Ask(Device, key) || Ask(FallBack, key), "Needs to write to a device's uevent file, which is refused here.");

        Uevent happened;
        do
        {
            happened = await socket.ReadAsync(deadline.Token);
            Assert.NotEqual("forged", happened["SUBSYSTEM"]);
        }
        while (happened["SYNTH_UUID"] != key);

        Assert.Equal("change", happened.Action);
        Assert.StartsWith("/devices/virtual/", happened.Path, StringComparison.Ordinal);
    }

    private static UeventSocket OpenOrSkip()
    {
        try
        {
            return UeventSocket.Open();
        }
        catch (Win32Exception refusal)
        {
            Assert.Skip($"Needs a socket for the kernel's events: {refusal.Message}");
            throw;
        }
    }

    private static bool Ask(string path, string key)
    {
        try
        {
            File.WriteAllText(path, $"change {key}");
            return true;
        }
        catch (Exception refusal) when (refusal is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>An independent process sends to the kernel's group; where it may not, there is nothing to refuse.</summary>
    private static async Task ForgeAsync(CancellationToken cancellationToken)
    {
        const string Script = "import socket; s=socket.socket(16,2,15); s.sendto(b'add@/devices/forged\\0ACTION=add\\0SUBSYSTEM=forged\\0', (0, 1))";
        using var python = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-c", Script]) { RedirectStandardError = true })!;
        await python.StandardError.ReadToEndAsync(cancellationToken);
        await python.WaitForExitAsync(cancellationToken);
    }
}
