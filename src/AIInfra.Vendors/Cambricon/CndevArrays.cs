using System.Runtime.CompilerServices;

namespace AIInfra.Vendors.Cambricon;

// The C structs of cndev.h that the agent passes, field by field. All are blittable with natural alignment; a test holds sizes and
// offsets against the table native/abi/cndev.tsv. A struct that begins with Version wants Cndev.Version there, in an array in the
// first element only. Units and meaning are given where a value leaves CndevLibrary.

internal static class Cndev
{
    /// <summary>The version of the API whose structs these are.</summary>
    public const int Version = 6;
    public const int MostLinks = 8, MostIncidents = 64;
}

[InlineArray(6)]
internal struct CndevBytes6 { private byte _first; }

[InlineArray(16)]
internal struct CndevBytes16 { private byte _first; }

[InlineArray(37)]
internal struct CndevUuidText { private byte _first; }

[InlineArray(100)]
internal struct CndevText100 { private byte _first; }

[InlineArray(256)]
internal struct CndevText256 { private byte _first; }

[InlineArray(512)]
internal struct CndevText512 { private byte _first; }

[InlineArray(2)]
internal struct CndevInt2 { private int _first; }

[InlineArray(8)]
internal struct CndevInt8 { private int _first; }

[InlineArray(16)]
internal struct CndevInt16s { private int _first; }

[InlineArray(20)]
internal struct CndevInt20 { private int _first; }

[InlineArray(28)]
internal struct CndevInt28 { private int _first; }

[InlineArray(80)]
internal struct CndevInt80 { private int _first; }

[InlineArray(20)]
internal struct CndevWord20 { private ushort _first; }

[InlineArray(2)]
internal struct CndevUInt2 { private uint _first; }

[InlineArray(3)]
internal struct CndevUInt3 { private uint _first; }

[InlineArray(7)]
internal struct CndevUInt7 { private uint _first; }

[InlineArray(8)]
internal struct CndevUInt8 { private uint _first; }

[InlineArray(128)]
internal struct CndevUInt128 { private uint _first; }

[InlineArray(2)]
internal struct CndevULong2 { private ulong _first; }

[InlineArray(8)]
internal struct CndevULong8 { private ulong _first; }

[InlineArray(11)]
internal struct CndevULong11 { private ulong _first; }

[InlineArray(13)]
internal struct CndevULong13 { private ulong _first; }

[InlineArray(16)]
internal struct CndevULong16 { private ulong _first; }

[InlineArray(512)]
internal struct CndevULong512 { private ulong _first; }
