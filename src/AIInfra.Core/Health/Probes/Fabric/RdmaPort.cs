using System.Globalization;
using AIInfra.Core.Hosting;

namespace AIInfra.Core.Health.Probes.Fabric;

/// <summary>A port of an RDMA device, as sysfs has it now.</summary>
/// <param name="Name">As the kernel log names it: <c>mlx5_0: Port: 1</c>.</param>
/// <param name="State">0 when it cannot be read; 1 down, 2 init, 3 armed, 4 active.</param>
/// <param name="Physical">2 polling, 3 disabled by a person, 5 linked up; 0 when not told.</param>
/// <param name="RateGbits">Null when not told.</param>
/// <param name="Board">Of which kind the device is: ports of one kind are siblings.</param>
internal sealed record RdmaPort(string Name, int State, int Physical, double? RateGbits, string Board, IReadOnlyDictionary<string, long> Counters)
{
    public const int Active = 4, Disabled = 3;

    /// <summary>Counters of faults, and how many a minute are too many.</summary>
    public static IReadOnlyDictionary<string, int> MostAMinute { get; } = new Dictionary<string, int>(StringComparer.Ordinal)
    {
        ["symbol_error"] = 600,
        ["link_error_recovery"] = 5,
        ["port_rcv_errors"] = 600,
        ["port_xmit_discards"] = 6000,
        ["local_link_integrity_errors"] = 0,
        ["excessive_buffer_overrun_errors"] = 0,
        ["local_ack_timeout_err"] = 60,
        ["roce_slow_restart"] = 600,
    };

    public const string LinkDowned = "link_downed";

    public bool IsActive => State == Active;

    public static List<RdmaPort> ReadAll(HostPaths host)
    {
        var root = Path.Combine(host.Sys, "class/infiniband");
        var found = new List<RdmaPort>();
        foreach (var device in HostText.Names(root))
        {
            var board = HostText.Read(Path.Combine(root, device, "board_id")) ?? HostText.Read(Path.Combine(root, device, "hca_type")) ?? "";
            found.AddRange(HostText.Names(Path.Combine(root, device, "ports")).Select(port => Read(Path.Combine(root, device, "ports", port), $"{device}: Port: {port}", board)));
        }
        return found;
    }

    private static RdmaPort Read(string folder, string name, string board) => new(
        name, Number(HostText.Read(Path.Combine(folder, "state"))), Number(HostText.Read(Path.Combine(folder, "phys_state"))),
        Rate(HostText.Read(Path.Combine(folder, "rate"))), board,
        MostAMinute.Keys.Append(LinkDowned).Select(counter => (counter, Value: HostText.ReadNumber(Path.Combine(folder, "counters", counter)) ?? HostText.ReadNumber(Path.Combine(folder, "hw_counters", counter))))
            .Where(pair => pair.Value is not null).ToDictionary(pair => pair.counter, pair => pair.Value!.Value, StringComparer.Ordinal));

    /// <summary>Out of <c>4: ACTIVE</c>.</summary>
    private static int Number(string? text) => text is not null && int.TryParse(text.Split(':')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    /// <summary>Out of <c>400 Gb/sec (4X NDR)</c>.</summary>
    private static double? Rate(string? text) => text is not null && double.TryParse(text.Split(' ')[0], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var rate) ? rate : null;
}
