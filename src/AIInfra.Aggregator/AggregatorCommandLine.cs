namespace AIInfra.Aggregator;

internal static class AggregatorCommandLine
{
    public static int Run(string[] args)
    {
        if (args is ["version"])
        {
            Console.WriteLine(typeof(AggregatorCommandLine).Assembly.GetName().Version!.ToString(3));
            return 0;
        }
        Console.Error.WriteLine("aiinfra-aggregator: only `version` is there so far.");
        return 64;
    }
}
