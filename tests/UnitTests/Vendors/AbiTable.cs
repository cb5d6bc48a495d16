using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Vendors;

/// <summary>A table of <c>native/abi</c>: the C side asserts it at compile time, and the C# structs are held against it here.</summary>
internal sealed class AbiTable(string file)
{
    private readonly string[][] _rows = [.. File.ReadLines(RepositoryRoot.Combine("native", "abi", file)).Skip(1).Select(line => line.Split('\t'))];

    /// <summary>Size and every offset are those of the header.</summary>
    /// <param name="name">Of the table.</param>
    /// <param name="type">Its fields have the table's names, with a capital where the table has none.</param>
    public void AssertSame(string name, Type type)
    {
        var rows = _rows.Where(row => row[0] == name).ToArray();

        Assert.NotEmpty(rows);
        Assert.All(rows, row => Assert.Equal(row[1], SizeOf(type).ToString()));
        Assert.Equal(
            rows.DistinctBy(row => row[3].Split('.')[0]).Select(row => (Name: Plain(row[3].Split('.')[0]), Offset: row[4])).Order(), // a nested struct is its first member
            FieldsOf(type).Select(field => (Name: Plain(field.Name), Offset: OffsetOf(type, field).ToString())).Order());
    }

    /// <summary>What stands in the column of versions.</summary>
    public string TextOf(string name) => _rows.First(row => row[0] == name)[2];

    public uint VersionOf(string name) => Convert.ToUInt32(_rows.First(row => row[0] == name)[2], 16);

    /// <summary>snake_case and PascalCase are one name.</summary>
    private static string Plain(string name) => name.Replace("_", "", StringComparison.Ordinal).ToLowerInvariant();

    private static FieldInfo[] FieldsOf(Type type) => type.GetFields(BindingFlags.Instance | BindingFlags.Public);

    private static int SizeOf(Type type) => (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;

    /// <summary>Fills one field with ones and looks where they lie: the layout that native code sees of a blittable struct.</summary>
    private static int OffsetOf(Type type, FieldInfo field)
    {
        var boxed = RuntimeHelpers.GetUninitializedObject(type);
        var filled = RuntimeHelpers.GetUninitializedObject(field.FieldType);
        BytesOf(filled, SizeOf(field.FieldType)).Fill(0xFF);
        field.SetValue(boxed, filled);
        return BytesOf(boxed, SizeOf(type)).IndexOf((byte)0xFF);
    }

    private static Span<byte> BytesOf(object boxed, int size) =>
        MemoryMarshal.CreateSpan(ref Unsafe.As<RawBox>(boxed).First, size);

    private sealed class RawBox
    {
        public byte First;
    }
}
