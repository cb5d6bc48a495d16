using System.Buffers;
using System.Text;
using AIInfra.Core.Configuration;
using AIInfra.Core.Health.Npd.Configuration;
using AIInfra.Core.Health.Probes.Host;
using AIInfra.Fleet;
using AIInfra.Fleet.V1;
using AIInfra.Grpc;
using AIInfra.Grpc.Wire;
using AIInfra.Kubernetes.Api;

namespace AIInfra.UnitTests.Fuzz;

/// <summary>Inputs that the fuzzers found, and that were answered by an error that nobody had declared.</summary>
public sealed class FoundTests
{
    [Fact]
    public void A_mapping_that_ends_where_a_value_belongs() =>
        Assert.NotEmpty(YamlTree.Read("web.yml", "tls_server_config:\n : 1.5s, burst: 20 }\n cert_file: a\n").Errors);

    [Fact]
    public void A_kubeconfig_whose_key_spans_lines()
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("aiinfra-found-").FullName, "config");
        File.WriteAllText(file, "apiVersion: v1\nusers:\n- name: u\n  usEr: { token: secret, tls-server-na]me: x }\ncontexts:\n- name: a\n  context: { cluster: c, user: u }\nclusters:\n- name: c\n  cluster: { servext: a\nclusters:\n- name: c\n");

        Assert.Throws<ApiException>(() => KubeconfigReader.ReadFile(file, TimeProvider.System));
    }

    [Theory]
    [InlineData("•.5•90d\ufffd")]
    [InlineData("\ufffd\ufffe0f")]
    public void An_address_whose_host_is_no_name(string text) => Assert.Null(FleetOptions.ParseAddress(text));

    [Fact]
    public void A_member_with_half_a_character() => Assert.Null(DiskHealth.OfNvme("{\"critical\\u0000_w\\ud800arning\": {\"value\": 3}, \"media_errors\": 5}"));

    [Fact]
    public void A_plugin_whose_path_holds_a_NUL()
    {
        var faults = new FileFaults();

        NpdFiles.ReadText("f.json", Encoding.UTF8.GetBytes("{\"plugin\": \"custom\", \"pluginConfig\": {}, \"source\": \"s\", \"conditions\": [], \"rules\": [{\"type\": \"temporary\", \"reason\": \"Y\", \"path\": \"./a\\u0000.sh\"}]}"), faults);

        Assert.Contains(faults.Errors, fault => fault.ToString().Contains("NUL", StringComparison.Ordinal));
    }

    [Fact]
    public void A_message_whose_text_is_longer_than_it() => Assert.Throws<GrpcException>(() =>
        FrameReader.ParseMessage(FromAgent.Parser, new ReadOnlySequence<byte>(Convert.FromBase64String("GjIIAiL/////BwoFR1BVLTMqBUdQVS0xOh4KDW52aWRpYS54fGlkLjc5EgZQ"))));
}
