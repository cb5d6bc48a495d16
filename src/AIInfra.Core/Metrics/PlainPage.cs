using System.Buffers;

namespace AIInfra.Core.Metrics;

/// <summary>A page of a few families in Prometheus' text format, for programs that have no devices to show.</summary>
public static class PlainPage
{
    public static void Write(IBufferWriter<byte> output, IEnumerable<PageRows> rows)
    {
        var writer = new TextPageWriter(default);
        writer.WriteTo(output);
        writer.Begin();
        foreach (var part in rows)
            part.Write(writer);
        writer.End();
    }
}
