using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace AIInfra.Grpc;

/// <summary>Makes TLS connections of this process give their record buffers back while they are silent: 33 KB each. .NET has no switch for it, OpenSSL has
/// (SSL_MODE_RELEASE_BUFFERS), and tells of each new connection whoever registers for it (CRYPTO_get_ex_new_index(3)).</summary>
public static unsafe class TlsBuffers
{
    private const string Crypto = "libcrypto.so.3", Ssl = "libssl.so.3"; // what .NET loads where it is there
    private const int OfConnections = 0, ControlMode = 33, ReleaseBuffers = 0x10; // crypto.h: CRYPTO_EX_INDEX_SSL; ssl.h

    private static delegate* unmanaged[Cdecl]<nint, int, nint, nint, nint> _control; // the library stays loaded

    /// <summary>From now on; call it after .NET has used its OpenSSL once. Where OpenSSL 3 is not there nothing changes: connections are larger then.</summary>
    /// <returns>Whether it is so.</returns>
    public static bool ReleaseWhileSilent()
    {
        if (_control is not null)
            return true;
        if (!NativeLibrary.TryLoad(Ssl, out var ssl) || !NativeLibrary.TryLoad(Crypto, out var crypto)
            || !NativeLibrary.TryGetExport(ssl, "SSL_ctrl", out var control) || !NativeLibrary.TryGetExport(crypto, "CRYPTO_get_ex_new_index", out var register))
            return false;
        _control = (delegate* unmanaged[Cdecl]<nint, int, nint, nint, nint>)control;
        delegate* unmanaged[Cdecl]<nint, nint, nint, int, nint, nint, void> made = &Made;
        return ((delegate* unmanaged[Cdecl]<int, nint, nint, nint, nint, nint, int>)register)(OfConnections, 0, 0, (nint)made, 0, 0) >= 0;
    }

    /// <param name="connection">SSL*, just made.</param>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Made(nint connection, nint value, nint data, int index, nint argument, nint pointer) => _control(connection, ControlMode, ReleaseBuffers, 0);
}
