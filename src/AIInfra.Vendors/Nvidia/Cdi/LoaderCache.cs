using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace AIInfra.Vendors.Nvidia.Cdi;

/// <summary>The loader's list of libraries, <c>/etc/ld.so.cache</c>, in the format of glibc 2.2 and later.</summary>
/// <remarks>Header of 48 bytes, then entries of 24: flags, offset of the name, offset of the path; offsets count from the header. An
/// older format may stand in front of it. All of it may be damaged.</remarks>
internal static class LoaderCache
{
    private const int Header = 48, Entry = 24;
    private static readonly byte[] Magic = Encoding.ASCII.GetBytes("glibc-ld.so.cache1.1");

    /// <summary>Paths of the libraries of this processor whose name begins so.</summary>
    public static IEnumerable<string> Find(byte[] cache, params string[] prefixes)
    {
        var start = cache.AsSpan().IndexOf(Magic);
        if (start < 0 || cache.Length - start < Header)
            yield break;
        var count = BinaryPrimitives.ReadUInt32LittleEndian(cache.AsSpan(start + Magic.Length));
        for (var index = 0L; index < count && start + Header + (index + 1) * Entry <= cache.Length; index++)
        {
            var entry = (int)(start + Header + index * Entry);
            if ((BinaryPrimitives.ReadInt32LittleEndian(cache.AsSpan(entry)) & 0xff00) != ThisProcessor)
                continue;
            var name = Text(cache, start + (long)BinaryPrimitives.ReadUInt32LittleEndian(cache.AsSpan(entry + 4)));
            if (prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)))
                yield return Text(cache, start + (long)BinaryPrimitives.ReadUInt32LittleEndian(cache.AsSpan(entry + 8)));
        }
    }

    private static int ThisProcessor => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x0a00 : 0x0300;

    private static string Text(byte[] cache, long offset)
    {
        if (offset >= cache.Length)
            return "";
        var rest = cache.AsSpan((int)offset);
        return rest.IndexOf((byte)0) is var end and >= 0 ? Encoding.UTF8.GetString(rest[..end]) : "";
    }
}
