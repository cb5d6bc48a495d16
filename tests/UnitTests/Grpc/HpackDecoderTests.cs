using System.Buffers;
using System.Text;
using AIInfra.Grpc.Hpack;
using FsCheck;
using FsCheck.Fluent;

namespace AIInfra.UnitTests.Grpc;

public sealed class HpackDecoderTests
{
    [Fact] // RFC 7541, C.3 and C.4: the same three requests, plain and with Huffman code
    public void The_requests_of_the_standard_read_as_the_standard_says()
    {
        string[] plain =
        [
            "828684410f7777772e6578616d706c652e636f6d",
            "828684be58086e6f2d6361636865",
            "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
        ];
        string[] huffman =
        [
            "828684418cf1e3c2e5f23a6ba0ab90f4ff",
            "828684be5886a8eb10649cbf",
            "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
        ];
        string[] fields =
        [
            ":method: GET, :scheme: http, :path: /, :authority: www.example.com",
            ":method: GET, :scheme: http, :path: /, :authority: www.example.com, cache-control: no-cache",
            ":method: GET, :scheme: https, :path: /index.html, :authority: www.example.com, custom-key: custom-value",
        ];

        foreach (var blocks in new[] { plain, huffman })
        {
            var decoder = new HpackDecoder();
            Assert.Equal(fields, blocks.Select(block => Text(decoder.Decode(Convert.FromHexString(block)))));
        }
    }

    [Fact] // RFC 7541, C.6.1: a long text with every kind of character
    public void A_set_of_response_headers_reads_as_the_standard_says() => Assert.Equal(
        ":status: 302, cache-control: private, date: Mon, 21 Oct 2013 20:13:21 GMT, location: https://www.example.com",
        Text(new HpackDecoder().Decode(Convert.FromHexString(
            "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3"))));

    [Theory]
    [InlineData("")]
    [InlineData("FFFE")] // the long codes all begin with ones
    [InlineData("FFFF")]
    public void Every_sequence_of_bits_is_a_code_so_no_length_is_wrong(string start)
    {
        for (var end = 0; end < 1 << 16; end++)
        {
            byte[] text = [.. Convert.FromHexString(start), (byte)(end >> 8), (byte)end, 0xFE, 0xFE, 0xFE, 0xFE];
            try
            {
                HuffmanDecoder.Decode(text);
            }
            catch (InvalidDataException fault)
            {
                Assert.DoesNotContain("no character", fault.Message, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData("80")] // entry 0
    [InlineData("be")] // an entry of an empty table
    [InlineData("ff")]
    [InlineData("ffffffffffff")]
    [InlineData("410f77")] // a text that is cut
    [InlineData("418c")]
    [InlineData("00")]
    [InlineData("3fe21f")] // a table of 4097 bytes
    [InlineData("00810000")] // padding that is not ones
    [InlineData("0084ffffffff00")] // the end-of-text code
    public void What_is_no_header_block_is_refused(string block) =>
        Assert.Throws<InvalidDataException>(() => new HpackDecoder().Decode(Convert.FromHexString(block)));

    [Fact]
    public void A_full_table_forgets_its_oldest_entries()
    {
        var decoder = new HpackDecoder();
        var big = new byte[2000];
        byte[] block = [0x40, 1, (byte)'a', 0x7F, 0xD1, 0x0E, .. big];

        decoder.Decode(block);
        decoder.Decode(block);
        Assert.Equal(2, decoder.Decode([0xBE, 0xBF]).Count);
        decoder.Decode(block);
        Assert.Throws<InvalidDataException>(() => decoder.Decode([0xC0]));

        decoder.Decode([0x20]); // shrinks the table to nothing
        Assert.Throws<InvalidDataException>(() => decoder.Decode([0xBE]));
    }

    [Fact]
    public void What_the_encoder_writes_the_decoder_reads() =>
        Prop.ForAll<byte[], byte[]>((name, value) =>
        {
            var long1 = Enumerable.Repeat(value, 200).SelectMany(bytes => bytes).ToArray();
            var output = new ArrayBufferWriter<byte>();
            HpackEncoder.Encode(output, [new(name, value), new(value, long1)]);
            var read = new HpackDecoder().Decode(output.WrittenSpan);
            return read.Count == 2 && read[0].Name.SequenceEqual(name) && read[0].Value.SequenceEqual(value) && read[1].Value.SequenceEqual(long1);
        }).QuickCheckThrowOnFailure();

    private static string Text(List<HeaderField> fields) =>
        string.Join(", ", fields.Select(field => $"{Encoding.ASCII.GetString(field.Name)}: {Encoding.ASCII.GetString(field.Value)}"));
}
