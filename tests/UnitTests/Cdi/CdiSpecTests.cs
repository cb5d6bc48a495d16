using System.Text;
using AIInfra.Core.Cdi;

namespace AIInfra.UnitTests.Cdi;

public sealed class CdiSpecTests
{
    private static readonly CdiSpec Plain = new() { Kind = "acme.com/gpu", Devices = [new CdiDevice("a0", new CdiEdits { Env = ["A=b"] })] };

    [Fact]
    public void A_spec_is_written_with_what_is_set_and_nothing_else()
    {
        var text = Encoding.UTF8.GetString((Plain with
        {
            ContainerEdits = new CdiEdits
            {
                DeviceNodes = [new CdiDeviceNode("/dev/acme0")],
                Mounts = [new CdiMount("/usr/lib/a.so", "/usr/lib/a.so", ["ro"])],
                Hooks = [new CdiHook("createContainer", "/usr/bin/hook", ["hook", "run"])],
            },
        }).ToJson());

        Assert.Equal("""
            {
              "cdiVersion": "0.3.0",
              "kind": "acme.com/gpu",
              "devices": [
                {
                  "name": "a0",
                  "containerEdits": {
                    "env": [
                      "A=b"
                    ]
                  }
                }
              ],
              "containerEdits": {
                "deviceNodes": [
                  {
                    "path": "/dev/acme0"
                  }
                ],
                "hooks": [
                  {
                    "hookName": "createContainer",
                    "path": "/usr/bin/hook",
                    "args": [
                      "hook",
                      "run"
                    ]
                  }
                ],
                "mounts": [
                  {
                    "hostPath": "/usr/lib/a.so",
                    "containerPath": "/usr/lib/a.so",
                    "options": [
                      "ro"
                    ]
                  }
                ]
              }
            }

            """, text);
    }

    public static TheoryData<string, CdiSpec> Versions => new()
    {
        { "0.3.0", Plain },
        { "0.4.0", With(new CdiEdits { Mounts = [new CdiMount("/a", "/a", []) { Type = "bind" }] }) },
        { "0.5.0", With(new CdiEdits { DeviceNodes = [new CdiDeviceNode("/dev/a") { HostPath = "/dev/b" }] }) },
        { "0.5.0", Plain with { Devices = [Plain.Devices[0] with { Name = "0" }] } },
        { "0.6.0", Plain with { Kind = "acme.com/gpu.large" } },
        { "0.7.0", With(new CdiEdits { AdditionalGids = [44] }) },
        { "0.7.0", Plain with { ContainerEdits = new CdiEdits { AdditionalGids = [44] } } },
    };

    [Theory]
    [MemberData(nameof(Versions))]
    public void The_version_is_the_lowest_that_has_what_is_used(string version, CdiSpec spec) => Assert.Equal(version, spec.CdiVersion);

    [Theory]
    [InlineData("acme.com/gpu", true)]
    [InlineData("k8s.device-plugin.nvidia.com/imex-channel", true)]
    [InlineData("acme.com/gpu.large", true)]
    [InlineData("acme.com", false)]
    [InlineData("acme.com/gpu/x", false)]
    [InlineData("a/gpu", false)] // a letter alone crashes a reader in use
    [InlineData("4cme.com/gpu", false)]
    [InlineData("acme.com/gpu-", false)]
    [InlineData("acme.com/g pu", false)]
    public void Kinds_are_checked(string kind, bool isGood) => Assert.Equal(isGood, CdiName.FaultOfKind(kind) is null);

    [Theory]
    [InlineData("0", true)]
    [InlineData("GPU-00000000-0000-0000-0000-000000000000", true)]
    [InlineData("0000:3b:00.0", true)]
    [InlineData("GPU-1::2", true)]
    [InlineData("", false)]
    [InlineData("MIG-GPU-1/2/0", false)]
    [InlineData("gpu:", false)]
    [InlineData("-1", false)]
    public void Device_names_are_checked(string name, bool isGood) => Assert.Equal(isGood, CdiName.FaultOfDevice(name) is null);

    [Theory]
    [InlineData("""{"cdiVersion":"0.5.0","kind":"nvidia.com/gpu","devices":[{"name":"0","containerEdits":{"env":["A=b"]}},{"containerEdits":{},"name":"all"}]}""")]
    [InlineData("cdiVersion: 0.5.0\nkind: nvidia.com/gpu\ncontainerEdits:\n  hooks:\n  - args: [a, b]\n    hookName: createContainer\ndevices:\n- name: \"0\"\n  containerEdits:\n    env: [A=b]\n- name: all\n  containerEdits: {}\n")]
    public void What_others_define_is_read_from_JSON_and_from_YAML(string text)
    {
        var file = CdiForeignFile.Parse("/etc/cdi/x", text);

        Assert.Equal("nvidia.com/gpu", file.Kind);
        Assert.Equal(["0", "all"], file.Devices.Order());
        Assert.False(file.Defines("nvidia.com/gp"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[")]
    [InlineData("kind: [nvidia.com/gpu]")]
    [InlineData("- kind: nvidia.com/gpu")]
    [InlineData("{\"kind\": \"nvidia.com/gpu\", \"devices\": [{\"name\"")]
    [InlineData("\u0000\u0001nvidia.com/gpu")]
    public void A_file_that_is_no_spec_defines_whatever_its_text_names(string text)
    {
        var file = CdiForeignFile.Parse("/etc/cdi/x", text);

        Assert.Equal(text.Contains("nvidia.com/gpu", StringComparison.Ordinal), file.Defines("nvidia.com/gpu"));
        Assert.False(file.Defines("acme.com/gpu"));
    }

    private static CdiSpec With(CdiEdits edits) => Plain with { Devices = [Plain.Devices[0] with { ContainerEdits = edits }] };
}
