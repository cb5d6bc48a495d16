using System.Collections.Frozen;
using System.IO.Compression;
using Microsoft.AspNetCore.Http;

namespace AIInfra.Aggregator.Api;

/// <summary>The page for people: files inside the program, open to all, since they hold nothing of the fleet. What it shows it asks the API for, with the reader's token.</summary>
internal sealed class PageFiles
{
    private const string Prefix = "page/";
    /// <summary>Nothing from elsewhere, nothing inline, in no frame; no text becomes markup (Content Security Policy 3, Trusted Types).</summary>
    internal const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types default";

    private static readonly FrozenDictionary<string, string> Media = new Dictionary<string, string>
    {
        [".html"] = "text/html; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".svg"] = "image/svg+xml",
    }.ToFrozenDictionary();

    private readonly FrozenDictionary<string, PageFile> _files = Read().ToFrozenDictionary(file => file.Path);

    /// <returns>Null when there is no such file.</returns>
    public Task? AnswerAsync(HttpContext context, string path)
    {
        if (!_files.TryGetValue(path == "/" ? "/index.html" : path, out var file))
            return path == "/" ? ApiAnswers.RefuseAsync(context, StatusCodes.Status404NotFound, "This program was built without its page (build/page.sh). The API is at /api/v1.") : null;
        var (request, response) = (context.Request, context.Response);
        response.ContentType = file.Media;
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers["Cross-Origin-Opener-Policy"] = "same-origin";
        response.Headers.CacheControl = file.IsNamedByContent ? "public, max-age=31536000, immutable" : "no-cache";
        response.Headers.Vary = "Accept-Encoding";
        var isPacked = request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase);
        if (isPacked)
            response.Headers.ContentEncoding = "gzip";
        var content = isPacked ? file.Packed : file.Plain;
        response.ContentLength = content.Length;
        return HttpMethods.IsHead(request.Method) ? Task.CompletedTask : response.Body.WriteAsync(content, context.RequestAborted).AsTask();
    }

    private static IEnumerable<PageFile> Read()
    {
        var program = typeof(PageFiles).Assembly;
        foreach (var name in program.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            using var from = program.GetManifestResourceStream(name)!;
            var plain = new byte[from.Length];
            from.ReadExactly(plain);
            using var packed = new MemoryStream();
            using (var gzip = new GZipStream(packed, CompressionLevel.Optimal))
                gzip.Write(plain);
            var path = "/" + name[Prefix.Length..];
            yield return new PageFile(path, Media[Path.GetExtension(path)], path.StartsWith("/assets/", StringComparison.Ordinal), plain, packed.ToArray());
        }
    }

    /// <param name="IsNamedByContent">Another content has another name: it may be kept for ever.</param>
    private sealed record PageFile(string Path, string Media, bool IsNamedByContent, byte[] Plain, byte[] Packed);
}
