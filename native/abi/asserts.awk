# Turns an ABI table into static assertions: sizes, offsets, sizes of fields, version words.
# before and after are what stands around a struct's name in C.
BEGIN {
    FS = "\t"
    split("u8 1 u16 2 i16 2 u32 4 i32 4 e32 4 u64 8 i64 8 f32 4 f64 8 ptr 8 ch 1 bool8 1", pair, " ")
    for (i = 1; i in pair; i += 2) width[pair[i]] = pair[i + 1]
    print "/* Generated from the ABI table. */"
}
NR == 1 {
    if ($0 != "struct\tsize\tversion\tfield\toffset\ttype") { print "#error \"the ABI table has unknown columns\""; exit }
    next
}
NF != 6 { printf "#error \"line %d of the ABI table: %d columns instead of 6\"\n", NR, NF; next }
{
    type = before $1 after
    if ($1 != last) {
        last = $1
        printf "_Static_assert(sizeof(%s) == %d, \"size of %s\");\n", type, $2, $1
        # GPM's structs are versioned by a plain number (NVML: GPM Structs).
        if ($3 ~ /^0x/) printf "_Static_assert((%s & 0xffffff) == sizeof(%s), \"version word of %s\");\n", $3, type, $1
    }
    printf "_Static_assert(offsetof(%s, %s) == %d, \"offset of %s.%s\");\n", type, $4, $5, $1, $4
    base = $6; times = 1
    if (match($6, /\[[0-9]+\]$/)) { base = substr($6, 1, RSTART - 1); times = substr($6, RSTART + 1, RLENGTH - 2) }
    if (base in width) wide = width[base] * times
    else wide = "sizeof(" before base after ") * " times
    printf "_Static_assert(sizeof(((%s *)0)->%s) == %s, \"size of %s.%s\");\n", type, $4, wide, $1, $4
}
