using System.Globalization;

namespace AIInfra.Grpc.Wire;

/// <summary>Status codes as <c>grpc-status</c> carries them, and what stands in for one when a peer sends none.</summary>
internal static class GrpcStatusText
{
    private static readonly string[] Texts = [.. Enumerable.Range(0, 17).Select(code => code.ToString(CultureInfo.InvariantCulture))];

    public static string Of(GrpcStatus status) => Texts[(int)status];

    /// <summary>A code this side does not know counts as <see cref="GrpcStatus.Unknown"/>; null: not a number at all.</summary>
    public static GrpcStatus? Parse(string text) =>
        !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var code) ? null
        : code < Texts.Length ? (GrpcStatus)code : GrpcStatus.Unknown;

    /// <summary>For an answer without a status, from a proxy for example.</summary>
    /// <remarks>Source: grpc/grpc doc/http-grpc-status-mapping.md.</remarks>
    public static GrpcStatus FromHttp(int httpStatus) => httpStatus switch
    {
        400 => GrpcStatus.Internal,
        401 => GrpcStatus.Unauthenticated,
        403 => GrpcStatus.PermissionDenied,
        404 => GrpcStatus.Unimplemented,
        429 or 502 or 503 or 504 => GrpcStatus.Unavailable,
        _ => GrpcStatus.Unknown,
    };

    /// <summary>For a stream that the peer reset.</summary>
    /// <remarks>Source: grpc/grpc doc/PROTOCOL-HTTP2.md, "Errors"; numbers in RFC 9113, section 7.</remarks>
    public static GrpcStatus FromReset(long http2Error) => http2Error switch
    {
        0x7 => GrpcStatus.Unavailable, // REFUSED_STREAM
        0x8 => GrpcStatus.Cancelled, // CANCEL
        0xb => GrpcStatus.ResourceExhausted, // ENHANCE_YOUR_CALM
        0xc => GrpcStatus.PermissionDenied, // INADEQUATE_SECURITY
        _ => GrpcStatus.Internal,
    };
}
