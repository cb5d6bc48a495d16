using System.Buffers.Text;
using System.Text;
using AIInfra.Core.Devices;

namespace AIInfra.Vendors.Nvidia;

/// <summary>Reads the parts of a driver's line one after the other. Each call takes what it asks for, or nothing.</summary>
internal ref struct NvidiaLogText(ReadOnlySpan<byte> text)
{
    private ReadOnlySpan<byte> _rest = text;

    public readonly ReadOnlySpan<byte> Rest => _rest;

    public bool Take(ReadOnlySpan<byte> expected)
    {
        if (!_rest.StartsWith(expected))
            return false;
        _rest = _rest[expected.Length..];
        return true;
    }

    public bool TakeNumber(out int value)
    {
        value = 0;
        if (_rest.IsEmpty || !char.IsAsciiDigit((char)_rest[0]) || !Utf8Parser.TryParse(_rest, out value, out var length) || value < 0)
            return false;
        _rest = _rest[length..];
        return true;
    }

    /// <summary>Hexadecimal, with <c>0x</c> before it.</summary>
    public bool TakeHex(out uint value)
    {
        value = 0;
        if (!_rest.StartsWith("0x"u8) || !Utf8Parser.TryParse(_rest[2..], out value, out var length, 'x'))
            return false;
        _rest = _rest[(2 + length)..];
        return true;
    }

    /// <summary>Four to eight digits of a domain, a bus, a device, and a function that may be missing; the domain may be missing as well.</summary>
    public bool TakeAddress(out string address)
    {
        var length = 0;
        while (length < _rest.Length && length < 20 && (char.IsAsciiHexDigit((char)_rest[length])
            || (_rest[length] is (byte)':' or (byte)'.' && length + 1 < _rest.Length && char.IsAsciiHexDigit((char)_rest[length + 1]))))
            length++;
        address = PciAddress.Normalise(Encoding.ASCII.GetString(_rest[..length])) ?? "";
        _rest = address.Length == 0 ? _rest : _rest[length..];
        return address.Length > 0;
    }
}
