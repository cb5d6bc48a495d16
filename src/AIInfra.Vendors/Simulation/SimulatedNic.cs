using System.Globalization;

namespace AIInfra.Vendors.Simulation;

/// <summary>An RDMA card as mlx5 shows it. The kernel's lists of the host's RDMA devices are its folders too.</summary>
public sealed class SimulatedNic(SimulatedFiles files, int slot, int number) : SimulatedBoard(files, slot)
{
    private static readonly string[] Counters =
    [
        "symbol_error", "link_error_recovery", "link_downed", "port_rcv_errors", "port_rcv_remote_physical_errors", "port_rcv_switch_relay_errors", "port_xmit_discards",
        "port_xmit_constraint_errors", "port_rcv_constraint_errors", "local_link_integrity_errors", "excessive_buffer_overrun_errors", "VL15_dropped", "port_xmit_wait",
    ];

    private static readonly string[] Traffic =
        ["port_xmit_data", "port_rcv_data", "port_xmit_packets", "port_rcv_packets", "unicast_xmit_packets", "unicast_rcv_packets", "multicast_xmit_packets", "multicast_rcv_packets"];

    private static readonly string[] HardwareCounters =
    [
        "duplicate_request", "implied_nak_seq_err", "local_ack_timeout_err", "out_of_buffer", "out_of_sequence", "packet_seq_err", "req_cqe_error", "req_cqe_flush_error",
        "req_remote_access_errors", "req_remote_invalid_request", "resp_cqe_error", "resp_cqe_flush_error", "resp_local_length_error", "resp_remote_access_errors", "rnr_nak_retry_err",
        "roce_adp_retrans", "roce_adp_retrans_to", "roce_slow_restart", "roce_slow_restart_cnps", "roce_slow_restart_trans", "rx_atomic_requests", "rx_dct_connect",
        "rx_icrc_encapsulated", "rx_read_requests", "rx_write_requests", "np_cnp_sent", "np_ecn_marked_roce_packets", "rp_cnp_handled", "rp_cnp_ignored",
    ];

    private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);

    public override string Kind => "nic";
    /// <summary>Ethernet with RoCE instead of InfiniBand.</summary>
    public bool IsEthernet { get; init; }
    public string Rate { get; init; } = "200 Gb/sec (4X HDR)";
    public int Ports { get; init; } = 1;
    /// <summary>It is a virtual function of this card.</summary>
    public SimulatedNic? Parent { get; init; }

    public string Name => string.Create(CultureInfo.InvariantCulture, $"mlx5_{number}");
    private string Own => $"{Folder}/infiniband/{Name}";

    public override void Write()
    {
        WriteFunction("15b3", Parent is null ? "101b" : "101c", IsEthernet ? "0x020000" : "0x020700", "mlx5_core");
        Files.Put($"{Own}/node_type", "1: CA");
        Files.Put($"{Own}/hca_type", "MT4123");
        Files.Put($"{Own}/board_id", "MT_0000000224");
        Files.Put($"{Own}/fw_ver", "20.31.1014");
        Files.Put($"{Own}/hw_rev", "0");
        Files.Put($"{Own}/node_desc", $"sim {Name}");
        Files.Put($"{Own}/node_guid", string.Create(CultureInfo.InvariantCulture, $"0c42:a103:00f0:{number:x4}"));
        Files.Put($"{Own}/sys_image_guid", string.Create(CultureInfo.InvariantCulture, $"0c42:a103:00f0:{number:x4}"));
        Files.Link($"{Own}/device", $"../../../{Address}");
        Files.Put($"{Folder}/sriov_numvfs", 0);
        if (Parent is not null)
            Files.Link($"{Folder}/physfn", Path.GetRelativePath(Files.Here(Folder), Files.Here(Parent.Folder)));
        Directory.CreateDirectory(Files.Here($"{Folder}/net/{(IsEthernet ? "eth" : "ib")}{number}"));
        for (var port = 1; port <= Ports; port++)
            WritePort(port);
        Files.Link($"sys/class/infiniband/{Name}", $"../../{Own["sys/".Length..]}");
        WriteNode("infiniband_verbs", "uverbs", 1);
        WriteNode("infiniband_mad", "umad", Ports);
        WriteNode("infiniband_mad", "issm", Ports);
        Files.Put("dev/infiniband/rdma_cm", "");
    }

    private void WritePort(int port)
    {
        var folder = $"{Own}/ports/{port}";
        SetLink(port, isUp: true);
        Files.Put($"{folder}/link_layer", IsEthernet ? "Ethernet" : "InfiniBand");
        Files.Put($"{folder}/rate", Rate);
        Files.Put($"{folder}/lid", IsEthernet ? "0x0" : $"0x{number + 1:x}");
        Files.Put($"{folder}/gids/0", string.Create(CultureInfo.InvariantCulture, $"fe80:0000:0000:0000:0e42:a103:00f0:{number:x4}"));
        Files.Put($"{folder}/gids/1", IsEthernet ? string.Create(CultureInfo.InvariantCulture, $"0000:0000:0000:0000:0000:ffff:0a00:{number:x4}") : "0000:0000:0000:0000:0000:0000:0000:0000");
        Files.Put($"{folder}/gid_attrs/types/0", "IB/RoCE v1");
        if (IsEthernet)
            Files.Put($"{folder}/gid_attrs/types/1", "RoCE v2");
        foreach (var counter in Counters)
            Files.Put($"{folder}/counters/{counter}", _counts.GetValueOrDefault(counter));
        foreach (var counter in Traffic)
            Files.Put($"{folder}/counters/{counter}", 1_000_000 * (number + 1));
        foreach (var counter in HardwareCounters)
            Files.Put($"{folder}/hw_counters/{counter}", _counts.GetValueOrDefault(counter));
        Files.Put($"{folder}/hw_counters/lifespan", 10);
    }

    private void WriteNode(string list, string kind, int count)
    {
        for (var port = 1; port <= count; port++)
        {
            var node = string.Create(CultureInfo.InvariantCulture, $"{kind}{number * count + port - 1}");
            Files.Put($"sys/class/{list}/{node}/ibdev", Name);
            if (kind != "uverbs")
                Files.Put($"sys/class/{list}/{node}/port", port);
            Files.Put($"dev/infiniband/{node}", "");
        }
    }

    private void SetLink(int port, bool isUp)
    {
        Files.Put($"{Own}/ports/{port}/state", isUp ? "4: ACTIVE" : "1: DOWN");
        Files.Put($"{Own}/ports/{port}/phys_state", isUp ? "5: LinkUp" : "2: Polling");
    }

    public override void Remove()
    {
        Files.Remove($"sys/class/infiniband/{Name}");
        for (var port = 0; port < Ports; port++)
        {
            foreach (var (list, kind, count) in new[] { ("infiniband_verbs", "uverbs", 1), ("infiniband_mad", "umad", Ports), ("infiniband_mad", "issm", Ports) })
            {
                if (port >= count)
                    continue;
                var node = string.Create(CultureInfo.InvariantCulture, $"{kind}{number * count + port}");
                Files.Remove($"sys/class/{list}/{node}");
                Files.Remove($"dev/infiniband/{node}");
            }
        }
        RemoveFunction("mlx5_core");
    }

    /// <summary><c>down</c>, <c>up</c>, <c>count NAME NUMBER</c>.</summary>
    public override bool Apply(ReadOnlySpan<string> words)
    {
        switch (words)
        {
            case ["down"]:
                Grow("link_downed", 1);
                SetLink(1, isUp: false);
                return true;
            case ["up"]:
                SetLink(1, isUp: true);
                return true;
            case ["count", var name, var number] when long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var more) && (Counters.Contains(name) || HardwareCounters.Contains(name)):
                Grow(name, more);
                return true;
            default:
                return base.Apply(words);
        }
    }

    private void Grow(string name, long more)
    {
        _counts[name] = _counts.GetValueOrDefault(name) + more;
        Files.Put($"{Own}/ports/1/{(Counters.Contains(name) ? "counters" : "hw_counters")}/{name}", _counts[name]);
    }
}
