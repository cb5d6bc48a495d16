using AIInfra.Core.Devices;
using AIInfra.Testing;
using AIInfra.Vendors.Generic;

namespace AIInfra.UnitTests.VendorFiles;

public sealed class GenericTableTests
{
    private const string Acme = "rows:\n  - name: acme\n    pci: [\"1234:0001\"]\n    nodes: [\"acme{n}\"]\n    resource: acme.com/gpu\n";

    [Fact]
    public void The_built_in_rows_are_good() => Assert.Empty(GenericTable.Embedded.Errors);

    [Theory]
    [InlineData("rows:\n  - name: a\n    pci: [\"12\"]\n    resource: a.com/b\n", "t.yaml:3:11: rows[0].pci: \"12\" is not usable")]
    [InlineData("rows:\n  - name: a\n    pci: [\"1234\"]\n    nodes: [\"../x{n}\"]\n    resource: a.com/b\n", "t.yaml:4:13: rows[0].nodes: \"../x{n}\" is not usable")]
    [InlineData("rows:\n  - name: a\n    pci: [\"1234\"]\n    nodes: [\"x{m}\"]\n    resource: a.com/b\n", "t.yaml:4:13: rows[0].nodes: \"x{m}\" is not usable")]
    [InlineData("rows:\n  - name: a\n    sysfs: /class/x\n    resource: a.com/b\n", "t.yaml:3:12: rows[0].sysfs: \"/class/x\" is not usable")]
    [InlineData("rows:\n  - name: a\n    sysfs: class/x*\n    resource: b\n", "t.yaml:4:15: rows[0].resource: \"b\" is not usable")]
    [InlineData("rows:\n  - name: a\n    sysfs: class/x*\n    resource: a.com/b\n    permissions: rx\n", "t.yaml:5:18: rows[0].permissions: \"rx\" is not usable")]
    [InlineData("rows:\n  - name: a\n    sysfs: class/x*\n    resource: a.com/b\n    mounts: [relative]\n", "t.yaml:5:14: rows[0].mounts: \"relative\" is not usable")]
    [InlineData("rows:\n  - name: a\n    sysfs: class/x*\n    resource: a.com/b\n    nods: [x]\n", "t.yaml:5:5: rows[0].nods is no key of this file. Did you mean rows[0].nodes?")]
    [InlineData("rows:\n  - name: a\n    resource: a.com/b\n", "t.yaml:2:5: rows[0].pci: nothing says which devices")]
    [InlineData("rows:\n  - name: a\n    sysfs: class/x*\n    resource: a.com/b\n    health: [{ file: status }]\n", "t.yaml:5:14: rows[0].health[0].good is missing or empty")]
    [InlineData("rows:\n  - name: a\n    sysfs: class/x*\n    resource: a.com/b\n    readings: [{ field: heat, file: temp }]\n", "t.yaml:5:25: rows[0].readings[0].field: \"heat\" is not usable")]
    [InlineData("row: []\n", "t.yaml:1:1: row is no key of this file. Did you mean rows?")]
    [InlineData("rows: [", "t.yaml:")]
    public void What_is_wrong_in_a_row_is_said_with_its_place(string text, string start) =>
        Assert.StartsWith(start, GenericTable.Parse("t.yaml", text).Errors[0].ToString(), StringComparison.Ordinal);

    [Theory]
    [InlineData("  - name: other\n    pci: [\"1234\"]\n    nodes: [\"x{n}\"]\n    resource: a.com/b\n", "t.yaml:6:5: rows acme (t.yaml:2:5) and other (t.yaml:6:5) claim the same devices.")]
    [InlineData("  - name: mine\n    pci: [\"1e3e:0001\"]\n    nodes: [\"x{n}\"]\n    resource: a.com/b\n", "t.yaml:6:5: rows mine (t.yaml:6:5) and iluvatar (built-in rows:")]
    [InlineData("  - name: acme\n    sysfs: class/x*\n    resource: a.com/b\n", "t.yaml:6:5: a row named acme stands at t.yaml:2:5 already.")]
    public void Two_rows_that_claim_one_device_are_said_with_both_places(string second, string start) =>
        Assert.StartsWith(start, Assert.Single(GenericTable.Parse("t.yaml", Acme + second).Errors).ToString(), StringComparison.Ordinal);

    [Fact]
    public void A_row_of_the_users_replaces_the_built_in_one_of_its_name()
    {
        var table = GenericTable.Parse("t.yaml", "rows:\n  - name: iluvatar\n    pci: [\"1e3e\"]\n    nodes: [\"iluvatar{n}\"]\n    resource: iluvatar.ai/mr-v100\n    slots: 2\n");

        Assert.Empty(table.Errors);
        Assert.Equal("iluvatar.ai/mr-v100", table.Rows.Single(row => row.Name == "iluvatar").Resource);
        Assert.Equal(GenericTable.Embedded.Rows.Length, table.Rows.Length);
    }

    [Fact]
    public async Task Slots_environment_mounts_and_permissions_are_as_the_row_says()
    {
        var table = GenericTable.Parse("t.yaml", "rows:\n  - name: kunlun\n    pci: [\"1d22\"]\n    nodes: [\"xpu{n}\"]\n    shared-nodes: [xpuctrl, \"none*\"]\n    resource: kunlunxin.com/xpu\n    slots: 3\n"
            + "    permissions: rw\n    mounts: [\"/opt/xpu:/opt/xpu:ro\"]\n    environment: { XPU: \"{indexes}\", ADDR: \"{addresses}\", IDS: \"{ids}\", PATHS: \"{paths}\", FIX: \"1\" }\n");
        using var rig = new VendorRig("generic", "kunlun-2", table: table);
        await rig.RoundAsync();

        var resource = Assert.Single(rig.Offer.Resources);
        Assert.Equal(["0000:10:00.0::0", "0000:10:00.0::1", "0000:10:00.0::2", "0000:11:00.0::0", "0000:11:00.0::1", "0000:11:00.0::2"], resource.Units.Select(unit => unit.Id));
        var spec = rig.Allocator.Allocate(resource, [resource.Units[0], resource.Units[1], resource.Units[3]]);
        Assert.Equal(["/dev/xpu0 rw", "/dev/xpuctrl rw", "/dev/xpu1 rw"], spec.DeviceNodes.Select(node => $"{node.HostPath} {node.Permissions}"));
        Assert.Equal(new AllocatedMount("/opt/xpu", "/opt/xpu", true), Assert.Single(spec.Mounts));
        Assert.Equal(["ADDR=0000:10:00.0,0000:11:00.0", "FIX=1", "IDS=0000:10:00.0,0000:11:00.0", "PATHS=/dev/xpu0,/dev/xpu1", "XPU=0,1"], spec.Environment.Select(entry => $"{entry.Key}={entry.Value}"));
    }

    [Fact]
    public async Task A_resource_may_be_named_by_what_a_file_holds()
    {
        using var rig = new VendorRig("generic", "xilinx-2");
        await rig.RoundAsync();

        Assert.Equal("xilinx.com/fpga-xilinx_u250_gen3x16_base_4-0", Assert.Single(rig.Offer.Resources).Name);
        rig.Files.Remove($"sys/bus/pci/devices/{rig.Boards[0].Address}/rom.u.0");
        using var bare = new VendorRig("generic", "xilinx-1");
        bare.Files.Remove($"sys/bus/pci/devices/{bare.Boards[0].Address}/rom.u.0");
        await bare.RoundAsync();
        Assert.Equal("xilinx.com/fpga", Assert.Single(bare.Offer.Resources).Name);
    }

    /// <summary>The page's example, file by file: the table, the files of a board, and what it says that follows.</summary>
    [Fact]
    public async Task The_page_about_adding_a_vendor_can_be_followed_to_the_letter()
    {
        var page = File.ReadAllText(RepositoryRoot.Combine("docs", "adding-a-vendor.md"));
        var table = GenericTable.Parse("acme.yaml", Block(page, "```yaml"));
        Assert.Empty(table.Errors);
        using var rig = new VendorRig("generic", "", table: table);
        foreach (var line in Block(page, "```text").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var words = line.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries);
            if (words[1] == "->")
                rig.Files.Link(words[0][1..], words[2].Trim());
            else
                rig.Files.Put(words[0][1..], words[1] == "=" && words.Length > 2 ? words[2].Trim() : "");
        }
        await rig.RoundAsync();

        var resource = Assert.Single(rig.Offer.Resources);
        var spec = rig.Allocator.Allocate(resource, resource.Units);
        var expected = Block(page, "```console").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(expected, new List<string>([
            $"{resource.Name}: {string.Join(", ", resource.Units.Select(unit => unit.Id))}",
            .. spec.Environment.Select(entry => $"{entry.Key}={entry.Value}"), .. spec.DeviceNodes.Select(node => $"{node.HostPath} {node.Permissions}"),
            $"temperature_celsius {rig.Reading(rig.Devices[0], "temperature_celsius").Value}"]));
        rig.Files.Put("sys/class/acme/acme0/state", "failed");
        await rig.NextAsync();
        Assert.Equal(["generic.unhealthy"], rig.Problems(rig.Devices[0]));
    }

    private static string Block(string page, string fence)
    {
        var start = page.IndexOf(fence, StringComparison.Ordinal) + fence.Length + 1;
        return page[start..page.IndexOf("```", start, StringComparison.Ordinal)];
    }
}
