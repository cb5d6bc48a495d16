using System.Globalization;

namespace AIInfra.UnitTests.Logs;

/// <summary>Makes ordinary lines: what kernels, drivers and services print on a good day, and faults of no accelerator. The shapes are those
/// of real messages, the words and values composed. The same seed makes the same lines.</summary>
internal sealed class OrdinaryLines(int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>Drivers and subsystems with what stands before their messages: {p} is a PCI address, {n} a small number.</summary>
    private static readonly string[] Heads =
    [
        "ahci {p}: ", "e1000e {p} eno{n}: ", "igb {p} ens{n}f0: ", "ixgbe {p}: ", "ixgbe {p} ens{n}f1: ", "i40e {p}: ", "ice {p}: ", "bnxt_en {p} ens{n}: ", "tg3 {p} eno{n}: ", "qede {p}: ",
        "mlx4_core {p}: ", "mlx5_core {p}: ", "mlx5_core {p} ens{n}f0np0: ", "mlx5_ib {p}: ", "hfi1 {p}: hfi1_{n}: ", "irdma {p}: ", "ib_core: ", "rdma_rxe: ", "iw_cxgb4: ", "siw: ",
        "nvidia: ", "nvidia-nvlink: ", "nvidia {p}: ", "nvidia-uvm: ", "nvidia-modeset: ", "[drm] [nvidia-drm] ", "nvidia-gpu {p}: ", "nouveau {p}: ", "NVRM: ", "nvidia-nvswitch{n}: ", "nvidia-peermem ", "gdrdrv:",
        "amdgpu {p}: amdgpu: ", "amdgpu {p}: ", "[drm] ", "kfd kfd: amdgpu: ", "i915 {p}: [drm] ", "xe {p}: [drm] ", "ast {p}: [drm] ", "mgag200 {p}: ", "habanalabs hl{n}: ", "davinci: ", "cambricon-drv: ",
        "nvme nvme{n}: ", "nvme{n}n1: ", "nvme {p}: ", "megaraid_sas {p}: ", "mpt3sas_cm{n}: ", "sd {n}:0:0:0: [sda] ", "scsi {n}:0:0:0: ", "ata{n}: ", "ata{n}.00: ", "md/raid1:md{n}: ", "md: md{n}: ",
        "EXT4-fs (sda{n}): ", "XFS (dm-{n}): ", "BTRFS info (device sdb{n}): ", "FS-Cache: ", "overlayfs: ", "squashfs: ", "fuse: ", "NFS: ", "nfs: server 10.0.{n}.4 ", "ceph: ", "libceph: mon{n} ", "Lustre: ", "LNet: ",
        "usb {n}-1: ", "usb {n}-1.2: ", "hub {n}-0:1.0: ", "xhci_hcd {p}: ", "ehci-pci {p}: ", "usbcore: ", "hid-generic 0003:046B:FF10.000{n}: ", "input: ", "uvcvideo {n}-1:1.0: ",
        "pci {p}: ", "pcieport {p}: ", "pci_bus 0000:0{n}: ", "ACPI: ", "ACPI BIOS Warning (bug): ", "acpi PNP0A08:0{n}: ", "DMAR: ", "AMD-Vi: ", "iommu: ", "EDAC MC{n}: ", "EDAC skx: ", "mce: ", "microcode: ", "x86/split lock detection: ",
        "systemd[1]: ", "systemd-journald[{n}12]: ", "systemd-udevd[{n}34]: ", "audit: type=1400 audit(17000{n}.123:45): ", "audit: type=1326 audit(17000{n}.5:9): ", "SELinux: ", "AppArmor: ", "Bluetooth: hci{n}: ",
        "IPv6: ADDRCONF(NETDEV_CHANGE): ", "br-{n}a: ", "docker{n}: ", "cni{n}: ", "veth{n}abc: ", "bond{n}: ", "8021q: ", "nf_conntrack: ", "IPVS: ", "TCP: ", "device eth{n} ", "vxlan: ", "cali{n}: ", "tun: ",
        "ipmi_si IPI0001:0{n}: ", "ipmi_ssif: ", "i2c i2c-{n}: ", "tpm_tis MSFT0101:0{n}: ", "rtc_cmos 00:0{n}: ", "hpet{n}: ", "clocksource: ", "tsc: ", "watchdog: ", "rcu: ", "sched: ", "workqueue: ", "perf: ", "kvm: ",
        "kubelet[{n}214]: ", "containerd[{n}99]: ", "dockerd[{n}7]: ", "sshd[{n}777]: ", "CRON[{n}5]: ", "chronyd[{n}]: ", "slurmd[{n}1]: ", "python3[{n}4]: ", "dcgm: ", "nv-hostengine: ", "fabricmanager[{n}]: ",
    ];

    private static readonly string[] Subjects =
    [
        "firmware version", "link", "device", "port", "queue", "ring", "interrupt", "MSI-X vector", "DMA channel", "memory region", "BAR", "controller", "sensor", "channel", "namespace", "volume",
        "interface", "session", "cgroup", "worker", "buffer", "page table", "table", "feature", "power state", "clock", "thermal zone", "module parameter", "timeout", "counter", "GPU", "engine", "Xid", "bus",
    ];

    private static readonly string[] Predicates =
    [
        "registered", "unregistered", "enabled", "disabled", "initialized", "is ready", "changed from {h} to {h}", "set to {n}", "uses {n} of {m}", "is {h}", "took {m} ms", "not supported, ignored", "already in use",
        "is deprecated and will be removed", "found at {p}", "up at {m} Gbps, full duplex", "down", "reset by request", "allocated {m} MiB", "released", "resumed", "suspended", "mapped at {h}", "probe of {p} succeeded",
        "error {n} ignored", "retry {n} of {m}", "failed, using the default", "timed out after {m} ms, retrying", "recovered", "restored to {m}", "has no driver", "exceeds {m}, clamped", "fell back to {n}", "is not responding yet, waiting",
    ];

    private static readonly string[] Tails =
    [
        "", " (pid {m}, comm python3)", " [flags {h}]", ", count {m}", " for process torchrun[{m}]", ": 0x{h}", " (try {n})", " on CPU {n}", ", status {h}", " name=python3", " code {m}", ", see PCI:{p}", " id {h}:{h}",
    ];

    /// <summary>Lines that look most like what the rules look for, and are none of it.</summary>
    private static readonly string[] NearMisses =
    [
        "NVRM: loading NVIDIA UNIX x86_64 Kernel Module  570.{m}.05  Tue Oct  8 03:22:07 UTC 2024", "NVRM: GPU at PCI:{p}: GPU-5f0c2f1e-77aa-4a3f-9d01-0a1b2c3d{m}", "NVRM: GPU Board Serial Number: 16501230{m}",
        "NVRM: Xid error: {m}, invalid data", "NVRM: Xid messages are rate limited, {m} suppressed", "NVRM: GPU {p}: RmInitAdapter retried {n} times", "NVRM: GPU {p}: rm_init_adapter failed, device minor number {n}",
        "NVRM: The NVIDIA GPU {p} (PCI ID: 10de:1180)", "NVRM: installed in this system is supported through the NVIDIA {m}.xx legacy driver.", "NVRM: Persistence mode is deprecated and will be removed in a future release.",
        "nvidia-nvswitch{n}: SXid (PCI:{p}): {m}, Severity {n} Engine instance {n} Sub-engine instance 00", "nvidia-nvswitch{n}: SXid (PCI:{p}): {m}, Data {{0x{h}, 0x{h}}}", "nvidia-nvswitch{n}: using MSI-X, {m} vectors",
        "nvidia-nvlink: Nvlink Core is being initialized, major device number {m}", "nvidia-peermem nv_get_p2p_free_callback:{m} freeing pages", "python3[{m}]: segfault at {h} ip {h} sp {h} error {n} in libc.so.6[{h}+{h}]",
        "train[{m}]: segfault at {h} ip {h} sp {h} error {n} in libtorch_cuda.so[{h}+{h}]", "myapp[{m}]: saw \"NVRM: Xid (PCI:{p}): 79, GPU has fallen off the bus.\" in a log", "audit: type=1400 audit(1.2:{m}): comm=\"NVRM: Xid (PCI:{p}): 48, x\"",
        "echo: NVRM: Xid (PCI:{p}): 31, pid={m}, name=x", " NVRM: Xid (PCI:{p}): 13, indented by somebody", "[Feb 10 2026 11:02:41] [INFO] [tid {m}] detected NVSwitch fatal error counters are clear", "usb {n}-1: device has fallen off the bus",
        "NCCL INFO Channel {n} : libnccl.so.2 loaded", "the API mismatch: the client has version {m}", "GPU recovery action changed from 0x{n} to 0x{n}",
    ];

    /// <summary>Formats that can be made: a head, a subject, a predicate and a tail each.</summary>
    public static int Formats => (Heads.Length * Subjects.Length * Predicates.Length * Tails.Length) + NearMisses.Length;
    public static int Drivers => Heads.Length;

    /// <summary>The next line, and the format that it was made by.</summary>
    public (string Line, string Format) Next()
    {
        var format = _random.Next(50) == 0
            ? NearMisses[_random.Next(NearMisses.Length)]
            : $"{Any(Heads)}{Any(Subjects)} {Any(Predicates)}{Any(Tails)}";
        return (Fill(format), format);
    }

    private string Any(string[] words) => words[_random.Next(words.Length)];

    private string Fill(string format) => format
        .Replace("{p}", string.Create(CultureInfo.InvariantCulture, $"0000:{_random.Next(256):x2}:{_random.Next(32):x2}.{_random.Next(8)}"), StringComparison.Ordinal)
        .Replace("{n}", _random.Next(10).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("{m}", _random.Next(1000, 100_000).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("{h}", _random.NextInt64(1L << 40).ToString("x", CultureInfo.InvariantCulture), StringComparison.Ordinal);
}
