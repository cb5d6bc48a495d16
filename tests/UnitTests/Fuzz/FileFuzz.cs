using System.Text;
using System.Text.RegularExpressions;
using AIInfra.Aggregator.Configuration;
using AIInfra.Aggregator.Grants;
using AIInfra.Core.Cdi;
using AIInfra.Core.Configuration;
using AIInfra.Core.Health.Logs;
using AIInfra.Core.Health.Npd.Configuration;
using AIInfra.Core.Health.Npd.Logs;
using AIInfra.Core.Health.Npd.Patterns;
using AIInfra.Core.Remediation.Ladders;
using AIInfra.Core.Web;
using AIInfra.Fleet;
using AIInfra.Kubernetes.Api;
using AIInfra.UnitTests.Remediation;
using AIInfra.Vendors;
using AIInfra.Vendors.Generic;
using AIInfra.Vendors.Nvidia.Metrics;
using AIInfra.Vendors.Nvidia.PluginConfig;
using AIInfra.Vendors.Rdma;

namespace AIInfra.UnitTests.Fuzz;

/// <summary>Files that people write, or other programs for them.</summary>
[Trait("Kind", "Fuzz")]
public sealed class FileFuzz
{
    [Fact]
    public void Settings() => Fuzzing.Run(
        ["listen: { address: \"0.0.0.0:9443\", names: [a, b] }\nfleet: { silence: 1m, mostNodes: 5 }\nidentity:\n  accounts: [ns/name]\n  kubernetes: auto\n", "log:\n  level: debug # words\n  format: \"json\"\n"],
        text =>
        {
            var (values, errors) = YamlConfigReader.Read("f", text);
            var (_, wrong) = AggregatorKeys.Schema.Check(values);
            Assert.All(errors.Concat(wrong), error => Assert.False(string.IsNullOrWhiteSpace(error.ToString())));
        });

    [Fact]
    public void Nvidia_plugin_config() => Fuzzing.Run(
        ["version: v1\nflags:\n  migStrategy: mixed\n  failOnInitError: true\n  nvidiaDriverRoot: /\n  plugin:\n    passDeviceSpecs: false\n    deviceListStrategy: [envvar, cdi-cri]\n    deviceIDStrategy: uuid\n"
            + "resources:\n  gpus:\n  - { pattern: \"*A100*\", name: a100 }\n  mig:\n  - { pattern: 1g.5gb, name: small }\nsharing:\n  timeSlicing:\n    renameByDefault: true\n    failRequestsGreaterThanOne: true\n    resources:\n    - { name: nvidia.com/gpu, replicas: 4, devices: [0, \"1:0\", GPU-1] }\n"],
        text => Assert.NotNull(NvidiaPluginConfig.Parse("f", text).Options));

    [Fact]
    public void Rdma_plugin_config() => Fuzzing.Run(
        ["{\"periodicUpdateInterval\": 300, \"configList\": [{\"resourceName\": \"hca_a\", \"resourcePrefix\": \"rdma\", \"rdmaHcaMax\": 1000, \"selectors\": {\"vendors\": [\"15b3\"], \"deviceIDs\": [\"1017\"], \"ifNames\": [\"ib0\"], \"linkTypes\": [\"infiniband\"], \"drivers\": [\"mlx5_core\"]}}]}"],
        text => Assert.False(RdmaConfig.Parse("f", text).Errors.IsDefault));

    [Fact]
    public void Dcgm_exporter_csv() => Fuzzing.Run(
        ["# Clocks\nDCGM_FI_DEV_SM_CLOCK,  gauge, SM clock frequency (in MHz).\nDCGM_FI_DRIVER_VERSION, label, Driver Version\nDCGM_EXP_XID_ERRORS_COUNT, gauge, \"Count, in a window\"\n"],
        text => Assert.False(DcgmChoice.Read("f", text).Errors.IsDefault));

    [Fact]
    public void Web_config() => Fuzzing.Run(
        ["tls_server_config:\n  cert_file: a.pem\n  key_file: b.pem\n  client_auth_type: RequireAndVerifyClientCert\n  client_allowed_sans: [a]\n  min_version: TLS12\n  cipher_suites: [TLS_AES_128_GCM_SHA256]\nhttp_server_config:\n  http2: false\n  headers: { X-Frame-Options: deny }\n"
            + "basic_auth_users:\n  a: $2y$10$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\nrate_limit: { interval: 1.5s, burst: 20 }\n"],
        text =>
        {
            var (root, errors) = YamlTree.Read("/etc/web/f.yaml", text);
            WebConfigReader.Read("/etc/web/f.yaml", root, errors);
        });

    [Fact]
    public void Device_table() => Fuzzing.Run(
        ["rows:\n- name: acme\n  vendor: Acme\n  resource: acme.com/npu\n  pci: [\"1234:5678\"]\n  nodes: [\"acme{n}\"]\n- name: other\n  resource: other.com/x\n  pci: [\"1235:*\"]\n  driver: [x]\n"],
        text => Assert.NotNull(GenericTable.Parse("f", text)));

    [Fact]
    public void Remediation_policy() => Fuzzing.Run(
        ["ladders:\n- name: a\n  problems: [x.*]\n  then: b\n  rungs:\n  - { do: reboot, drain: node, cooldown: 1h, attempts: 2, stable: 10m, verifyWithin: 1h }\n- { name: b, rungs: [{ do: [restart-unit, kubelet.service] }] }\nlimits: { disruptive: 2, perDay: 4 }\n"
            + "windows:\n- { days: [monday], start: \"22:00\", length: 4h }\nblockingPods:\n- { namespace: a, names: [b] }\nblockingAlerts:\n- { prometheus: \"http://a\", names: [A], except: [B] }\n"],
        text => Assert.NotNull(PolicyReader.Read("p", text, TestActions.All, TestActions.Probes).Policy));

    [Fact]
    public void Grant_policy() => Fuzzing.Run(
        ["budgets:\n- { name: fleet, maxUnavailable: 5%, rate: { starts: 20, window: 10m } }\n- { name: racks, label: topology.example/rack, maxUnavailable: 1, minAvailable: 2 }\nbreaker: { percent: 50, atLeast: 10, window: 10m }\nview: { seenPercent: 90, for: 30s }\n"
            + "lifetime: 2m\napprovedActions: [request-replacement]\napprovedNodes: [a=b]\njobMaxUnavailable: 10%\n"],
        text => Assert.NotNull(GrantPolicyReader.Read("p", text).Policy));

    [Fact]
    public void Rule_pack() => Fuzzing.Run(
        ["terms:\n  bdf: '(?<pci>[0-9a-f:.]{7,20})'\nrules:\n- id: acme.{name}\n  literals: [\"acme: link\"]\n  pattern: '^acme: link (?<name>\\S+) at %{bdf} is down'\n  subject: any\n  severity: degraded\n  cause: fabric\n  action: observe\n  clearing: quiet-24h\n  after: 3 in 10m\n  message: \"Link {name}.\"\n"
            + "  matches: ['acme: link 3 at 0000:3b:00.0 is down']\n- clears: acme.x\n  literals: [\"acme: up\"]\n- disables: net.link-down\n"],
        text => Assert.False(RulePackReader.Read("f", text).Errors.IsDefault));

    [Fact]
    public void Npd_files() => Fuzzing.Run(
        [
            "{\"plugin\": \"kmsg\", \"logPath\": \"/dev/kmsg\", \"lookback\": \"5m\", \"bufferSize\": 10, \"source\": \"kernel-monitor\", \"metricsReporting\": true, \"conditions\": [{\"type\": \"A\", \"reason\": \"B\", \"message\": \"c\"}], \"rules\": [{\"type\": \"temporary\", \"reason\": \"OOM\", \"pattern\": \"Killed process \\\\d+ (.+) total-vm:\\\\d+kB.*\"}]}",
            "{\"plugin\": \"filelog\", \"pluginConfig\": {\"timestamp\": \"^.{15}\", \"message\": \"(?i)x: (.*)\", \"timestampFormat\": \"Jan _2 15:04:05\"}, \"logPath\": \"/var/log/a\", \"source\": \"s\", \"conditions\": [], \"rules\": []}",
            "{\"plugin\": \"custom\", \"pluginConfig\": {\"invoke_interval\": \"30s\", \"timeout\": \"5s\", \"max_output_length\": 80, \"concurrency\": 3}, \"source\": \"s\", \"conditions\": [], \"rules\": [{\"type\": \"permanent\", \"condition\": \"X\", \"reason\": \"Y\", \"path\": \"./a.sh\", \"args\": [\"-x\"], \"timeout\": \"3s\"}]}",
            "{\"invokeInterval\": \"60s\", \"cpu\": {\"metricsConfigs\": {\"cpu/runnable_task_count\": {\"displayName\": \"cpu/runnable_task_count\"}}}, \"disk\": {\"includeRootBlk\": true, \"lsblkTimeout\": \"5s\"}}",
        ],
        text => NpdFiles.ReadText("f.json", Encoding.UTF8.GetBytes(text), new FileFaults()));

    [Fact]
    public void Re2_patterns() => Fuzzing.Run(
        ["Killed process \\d+ (.+) total-vm:\\d+kB, anon-rss:\\d+kB.*", "(?i)(?P<a>x|y)*[^\\w[:alpha:]\\pL]+?\\b\\Qa.b\\E{2,3}$", "(?s:.)(?-s).\\x{10FFFF}\\123\\C", "task [\\S ]+:\\w+ blocked for more than \\w+ seconds\\."],
        text =>
        {
            try
            {
                var pattern = Re2Pattern.EndingAtEnd(text);
                Re2Pattern.Build(pattern.Exact, TimeSpan.FromMilliseconds(20)).IsMatch("Killed process 12 (a) total-vm:3kB");
            }
            catch (Exception refused) when (refused is Re2Exception or RegexMatchTimeoutException)
            {
                // Declared.
            }
        });

    [Fact]
    public void Times_of_log_files() => Fuzzing.Run(
        ["Jan _2 15:04:05\nFeb 29 08:41:22", "2006-01-02T15:04:05.000000000Z07:00\n2026-02-19T08:41:22.123456789+14:00", "Mon Jan 2 15:04:05 MST 2006\nThu Feb 19 08:41:22 CET 2026", "02/Jan/06:03:04:05PM -0700,999\n19/Feb/26:08:41:22AM +0100,5"],
        text =>
        {
            var parts = text.Split('\n', 2);
            new GoTimeLayout(parts[0]).Parse(parts[^1], new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero), TimeZoneInfo.Utc);
        });

    [Fact]
    public void Words_of_settings() => Fuzzing.Run(["1h30m", "2h45m0.5s", "5m", "250ms", "aggregator.example:9443", "https://[::1]:9443", "90d"], text =>
    {
        GoDuration.Parse(text);
        PolicyTime.Parse(text);
        ConfigForm.ParseDuration(text);
        FleetOptions.ParseAddress(text);
    });

    [Fact]
    public void Kubeconfig()
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("aiinfra-fuzz-").FullName, "config");
        Fuzzing.RunBytes(
            ["apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters:\n- name: c\n  cluster: { server: \"https://10.0.0.1:6443\", certificate-authority-data: QUJD, tls-server-name: x }\nusers:\n- name: u\n  user: { token: secret, client-certificate-data: QUJD, client-key-data: QUJD }\ncontexts:\n- name: a\n  context: { cluster: c, user: u }\n"],
            (byte[] bytes) =>
            {
                File.WriteAllBytes(file, bytes);
                try
                {
                    KubeconfigReader.ReadFile(file, TimeProvider.System);
                }
                catch (ApiException)
                {
                    // Declared.
                }
            });
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    [Fact]
    public void Versions_of_toolkits() => Fuzzing.Run(
        ["{\"cuda\": {\"version\": \"12.4.1\"}}", "#define CUDNN_MAJOR 9\n#define CUDNN_MINOR 1\n#define CUDNN_PATCHLEVEL 0\n", "Version=25.0.rc1\nversion=1.2\n", "CUDA Version 11.0.228\n"],
        text =>
        {
            foreach (var source in VendorToolkits.Sources)
                source.VersionOf("libcudnn.so.9.1", text);
        });

    [Fact]
    public void Cdi_files_of_others() => Fuzzing.Run(
        ["{\"cdiVersion\": \"0.6.0\", \"kind\": \"nvidia.com/gpu\", \"devices\": [{\"name\": \"0\", \"containerEdits\": {\"deviceNodes\": [{\"path\": \"/dev/nvidia0\"}]}}], \"containerEdits\": {}}", "cdiVersion: 0.5.0\nkind: acme.com/x\ndevices:\n- name: all\n"],
        text => Assert.NotNull(CdiForeignFile.Parse("f.json", text)));
}
