using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AIInfra.Core.Health;

namespace AIInfra.Core.Remediation.Planning;

/// <summary>Names of operations: the same before and after a restart, another one for each attempt. What is approved and written is exactly that attempt.</summary>
internal sealed class OperationNames
{
    private const int Most = 4096;

    private readonly Dictionary<Attempt, string> _made = []; // a look asks for the same ones again and again

    /// <param name="earlier">The newest operation on that ladder for that subject; empty when there was none. A count would come again when the journal forgets the oldest.</param>
    /// <returns>12 hexadecimal digits.</returns>
    public string Of(Problem problem, string ladder, int place, string earlier)
    {
        var attempt = new Attempt(problem.Id, problem.Subject, ladder, place, earlier, problem.FirstSeen.UtcTicks);
        if (_made.TryGetValue(attempt, out var name))
            return name;
        if (_made.Count >= Most)
            _made.Clear();
        var text = string.Create(CultureInfo.InvariantCulture, $"{problem.Id}\n{problem.Subject}\n{ladder}\n{place}\n{earlier}\n{problem.FirstSeen.UtcTicks}");
        return _made[attempt] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 6));
    }

    private readonly record struct Attempt(string Problem, Subject Subject, string Ladder, int Place, string Earlier, long Ticks);
}
