using System.Globalization;

namespace AIInfra.UnitTests.Logs;

/// <summary>Makes ordinary lines: what kernels, drivers and services print on a good day, and what comes near a fault. The shapes are those
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
        "nvidia-nvlink: Nvlink Core is being initialized, major device number {m}", "nvidia-peermem nv_get_p2p_free_callback:{m} freeing pages", "python3[{m}]: a segfault was caught at {h}",
        "systemd-coredump[{m}]: Process {m} (train) of user 0 dumped core.", "myapp[{m}]: saw \"NVRM: Xid (PCI:{p}): 79, GPU has fallen off the bus.\" in a log", "audit: type=1400 audit(1.2:{m}): comm=\"NVRM: Xid (PCI:{p}): 48, x\"",
        "echo: NVRM: Xid (PCI:{p}): 31, pid={m}, name=x", " NVRM: Xid (PCI:{p}): 13, indented by somebody", "[Feb 10 2026 11:02:41] [INFO] [tid {m}] detected NVSwitch fatal error counters are clear", "usb {n}-1: device has fallen off the bus",
        "NCCL INFO Channel {n} : libnccl.so.2 loaded", "the API mismatch: the client has version {m}", "GPU recovery action changed from 0x{n} to 0x{n}",
        "amdgpu {p}: amdgpu: GPU reset({n}) succeeded!", "amdgpu {p}: amdgpu: ring comp_1.{n}.0 uses VM inv eng {n} on hub 0", "[drm] amdgpu kernel modesetting enabled.", "amdgpu {p}: amdgpu: RAS: optional ras ta ucode is not available",
        "amdgpu {p}: amdgpu: amdgpu: use vbios provided pptable", "i915 {p}: [drm] GT0: GuC firmware i915/dg2_guc_70.bin version 70.{n}.0", "xe {p}: [drm] Using GuC firmware from xe/pvc_guc_70.bin version 70.{n}.1",
        "mlx5_core {p}: Port module event: module {n}, Cable plugged", "mlx5_core {p} ens{n}f0np0: Link up", "mlx5_core {p} mlx5_{n}: Port: 1 Link ACTIVE", "mlx5_core {p} mlx5_{n}: Port: 1 Link INIT", "mlx5_core {p}: firmware version: 28.39.{m}",
        "mlx5_core {p}: mlx5_cmd_out_err:838:(pid {m}): ACCESS_REG(0x805) op_mod(0x1) failed, status bad parameter(0x3), syndrome (0x7c38a2), err(-22)", "mlx5_core {p}: mlx5_pcie_event:299:(pid {m}): PCIe slot advertised sufficient power (75W).",
        "mlx5_core {p}: 252.048 Gb/s available PCIe bandwidth (16.0 GT/s PCIe x16 link)", "mlx4_core {p}: 63.008 Gb/s available PCIe bandwidth, limited by 8.0 GT/s PCIe x8 link at {p}", "infiniband mlx5_{n}: renamed from mlx5_{n}",
        "e1000e {p} eno{n}: NIC Link is Down", "igb {p} ens{n}f0: igb: ens{n}f0 NIC Link is Up 1000 Mbps Full Duplex, Flow Control: RX", "tg3 {p} eno{n}: Link is down", "ixgbe {p} ens{n}f1: NIC Link is Up 10 Gbps, Flow Control: RX/TX", "bond0: (slave ens{n}f0): Enslaving as a backup interface with a down link",
        "pcieport {p}: AER: enabled with IRQ {n}", "pcieport {p}: DPC: enabled with IRQ {m}", "pcieport {p}: pciehp: Slot #{n} AttnBtn- PwrCtrl- MRL- AttnInd- PwrInd- HotPlug+ Surprise+ Interlock- NoCompl+", "pcieport {p}: pciehp: Slot({n}): Link Up", "pcieport {p}: AER: Corrected error message received from {p}",
        "pcieport {p}: PME: Signaling with IRQ {m}", "pci {p}: BAR 0: assigned [mem 0x{h}-0x{h}]", "EDAC MC{n}: Giving out device to module skx_edac controller Skylake Socket#0 IMC#0: DEV {p} (INTERRUPT)", "EDAC igen6 MC{n}: v2.5.1", "mce: CPU supports {n} MCE banks", "MCE: In-kernel MCE decoding enabled.", "mce: [Hardware Error]: PROCESSOR 0:50657 TIME {m} SOCKET {n} APIC {n} microcode 5003303",
        "BERT: Boot Error Record Table support is disabled. Enable it by using bert_enable as kernel parameter.", "GHES: APEI firmware first mode is enabled by APEI bit and WHEA _OSC.", "HEST: Table parsing has been initialized.", "{{n}}[Hardware Error]:  Error 0, type: corrected", "soft offline is not supported for zone device pages",
        "INFO: task python3:{m} is blocked on a mutex likely owned by task kworker/{n}:1:{m}.", "\"echo 0 > /proc/sys/kernel/hung_task_timeout_secs\" disables this message.", "oom_reaper: reaped process {m} (java), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB", "python3 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=985",
        "NMI watchdog: Enabled. Permanently consumes one hw-PMU counter.", "rcu: RCU restricting CPUs from NR_CPUS=8192 to nr_cpu_ids={n}.", "rcu: Hierarchical SRCU implementation.", "Kernel command line: BOOT_IMAGE=/vmlinuz root=/dev/sda{n} panic={n} oops=panic", "ramoops: using 0x100000@0x{h}, ecc: 0", "VFS: Dquot-cache hash table entries: 512 (order 0, {m} bytes)",
        "CPU{n}: Thermal monitoring enabled (TM1)", "CPU{n}: Package temperature/speed normal (total events = {m})", "clocksource: Switched to clocksource tsc", "cgroup: Disabling io control group subsystem", "nf_conntrack version 0.5.0 ({m} buckets, {m} max)", "workqueue: ib_cache_event_task [ib_core] hogged CPU for >10000us {n} times, consider switching to WQ_UNBOUND",
        "nvme nvme{n}: pci function {p}", "nvme nvme{n}: {m}/0/0 default/read/poll queues", "nvme nvme{n}: resetting controller", "nvme nvme{n}: Shutdown timeout set to {n} seconds", "nvme nvme{n}: missing or invalid SUBNQN field.", "nvme nvme{n}: I/O {m} QID {n} timeout, completion polled", "block nvme{n}n1: no usable path - requeuing I/O",
        "I/O error, dev loop{n}, sector 0 op 0x0:(READ) flags 0x80700 phys_seg 1 prio class 2", "blk_update_request: I/O error, dev sr{n}, sector {m} op 0x0:(READ) flags 0x0 phys_seg 1 prio class 0", "Buffer I/O error on dev sr{n}, logical block {m}, async page read", "blk_update_request: I/O error, dev fd0, sector 0 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 0",
        "ata{n}: SATA link up 6.0 Gbps (SStatus 133 SControl 300)", "ata{n}: SATA link down (SStatus 0 SControl 300)", "ata{n}: hard resetting link", "ata{n}.00: configured for UDMA/133", "sd {n}:0:0:0: [sda] Attached SCSI disk", "sd {n}:0:0:0: [sda] Write Protect is off", "megaraid_sas {p}: FW now in Ready state", "md/raid1:md{n}: active with 2 out of 2 mirrors", "md/raid1:md{n}: Operation continuing on 1 devices.",
        "EXT4-fs (sda{n}): mounted filesystem 3f1a77b0-9c1d-4f0e-8f56-2f0f5a9b1c77 r/w with ordered data mode. Quota mode: none.", "EXT4-fs (sda{n}): re-mounted 6f2b8c10-1111-4a2a-9999-0c0ffee0c0de ro. Quota mode: none.", "EXT4-fs (sda{n}): warning: mounting unchecked fs, running e2fsck is recommended", "EXT4-fs (dm-{n}): unmounting filesystem 3f1a77b0-9c1d-4f0e-8f56-2f0f5a9b1c77.", "EXT4-fs (sda{n}): recovery complete",
        "XFS (dm-{n}): Mounting V5 Filesystem", "XFS (dm-{n}): Ending clean mount", "XFS (dm-{n}): Starting recovery (logdev: internal)", "XFS (dm-{n}): User initiated shutdown received. Shutting down filesystem", "BTRFS info (device sdb{n}): bdev /dev/sdb errs: wr {n}, rd 0, flush 0, corrupt 0, gen 0", "BTRFS info (device sdb{n}): using crc32c (crc32c-intel) checksum algorithm",
        "nfs: server 10.0.{n}.4 OK", "NFS: Registering the id_resolver key type", "libceph: mon{n} (1)10.8.0.7:6789 session established", "libceph: osd{n} (1)10.8.0.33:6805 socket closed (con state OPEN)", "ceph: mds{n} reconnect success", "Lustre: Mounted scratch-client", "LNet: Added LNI 10.0.0.{n}@o2ib [8/256/0/180]", "fuse: init (API version 7.{n})",
        "I0411 09:14:33.201144    2214 kubelet.go:{m}] \"SyncLoop ADD\" source=\"api\" pods=[\"default/x-{n}\"]", "E0411 09:14:33.201144    2214 kubelet.go:2412] \"Skipping pod synchronization\" err=\"[container runtime status check may not have completed yet, PLEG is not healthy: pleg has yet to be successful]\"",
        "time=\"2026-03-02T10:11:12.131Z\" level=info msg=\"StartContainer for {h} returns successfully\"", "containerd.service: Scheduled restart job, restart counter is at 1.", "Device: /dev/sda [SAT], SMART Usage Attribute: 194 Temperature_Celsius changed from 70 to 6{n}", "Selected source 10.0.0.{n} (ntp.lab.example)", "job {n}: request blocked for more than {m} seconds. retrying",
    ];

    /// <summary>Formats that can be made: a head, a subject, a predicate and a tail each.</summary>
    public static int Formats => (Heads.Length * Subjects.Length * Predicates.Length * Tails.Length) + NearMisses.Length;
    public static int Drivers => Heads.Length;

    /// <summary>The next line, and the format that it was made by.</summary>
    public (string Line, string Format) Next()
    {
        var format = _random.Next(8) == 0
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
