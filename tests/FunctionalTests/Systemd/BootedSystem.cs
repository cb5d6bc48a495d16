using AIInfra.Linux.Systemd;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Systemd;

/// <summary>One booted systemd for all tests that need a real one; they run one after the other, each on units of its own.</summary>
[CollectionDefinition(Collection)]
public sealed class BootedSystem : IAsyncLifetime, ICollectionFixture<BootedSystem>
{
    public const string Collection = "booted systemd";

    private BootedMachine? _machine;

    /// <summary>Skips the test where none can be booted.</summary>
    public BootedMachine Machine
    {
        get
        {
            Assert.SkipWhen(_machine is null, BootedMachine.Refusal ?? "");
            return _machine!;
        }
    }

    public async ValueTask InitializeAsync()
    {
        if (BootedMachine.Refusal is null)
            _machine = await BootedMachine.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_machine is not null)
            await _machine.DisposeAsync();
    }

    /// <summary>A bus of a test's own to the machine's systemd.</summary>
    internal SystemBus OpenBus() => new(Machine.BusSocket);
}
