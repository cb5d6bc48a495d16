using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using AIInfra.Core.Hosting;
using AIInfra.Core.Remediation.Planning;
using AIInfra.Core.State;
using AIInfra.Linux.Files;

namespace AIInfra.Core.Remediation.Engine;

/// <summary>Nothing new is done. A step that is under way is brought to its end.</summary>
/// <param name="For">Null: until it is ended.</param>
/// <param name="Why">As the operator says; may be empty. Outside input.</param>
internal sealed record PauseOrder(OrderTime Given, TimeSpan? For, string Why);

/// <param name="Operation">It counts for exactly this attempt.</param>
internal sealed record ApproveOrder(OrderTime Given, string Operation);

/// <param name="Uptime">See <see cref="PlanTime"/>: a clock that is set neither ends nor prolongs an order.</param>
internal sealed record OrderTime(DateTimeOffset At, string BootId, TimeSpan? Uptime)
{
    public TimeSpan Age(PlanTime now) =>
        now.BootId.Length > 0 && BootId == now.BootId && Uptime is { } then && now.Uptime is { } uptime && uptime >= then ? uptime - then : now.Since(At);
}

internal sealed record Orders(PauseOrder? Pause, ImmutableArray<ApproveOrder> Approved)
{
    public static Orders None { get; } = new(null, []);
}

[JsonSourceGenerationOptions(WriteIndented = true, RespectNullableAnnotations = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Orders))]
internal sealed partial class OrdersJson : JsonSerializerContext;

/// <summary>What a person has told remediation to do. Kept in <c>remediation.json</c> of the state folder, so that a restart neither ends a pause nor forgets an approval.</summary>
/// <remarks>Any thread. A file that cannot be read counts as a pause: what was ordered is not known.</remarks>
public sealed class RemediationOrders
{
    public const string FileName = "remediation.json";

    /// <summary>Then an approval that was not used counts no more.</summary>
    public static readonly TimeSpan ApprovalLasts = TimeSpan.FromHours(24);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5), LongestPause = TimeSpan.FromDays(36_500);

    private readonly string _file;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly ConcurrentQueue<(string Operation, TaskCompletionSource<string?> Done)> _looked = new();
    private Orders _orders;
    private string? _unreadable;

    public RemediationOrders(string folder, TimeProvider time)
    {
        (_file, _time) = (Path.Combine(folder, FileName), time);
        (_orders, _unreadable) = Read(_file);
    }

    /// <summary>Replaced with each order; what it holds says nothing.</summary>
    public Latest<object> Changed { get; } = new(new object());

    /// <summary>Null, or why everything is paused, as a sentence.</summary>
    public string? Paused(PlanTime now)
    {
        if (Volatile.Read(ref _unreadable) is { } fault)
            return fault;
        if (Volatile.Read(ref _orders).Pause is not { } pause)
            return null;
        var left = pause.For is { } length ? length - pause.Given.Age(now) : (TimeSpan?)null;
        if (left <= TimeSpan.Zero)
            return null;
        return $"paused by an operator since {PlanTurn.Show(pause.Given.At)}{(left is { } span ? $", until {PlanTurn.Show(now.At + span)}" : "")}{(pause.Why.Length > 0 ? $" ({pause.Why})" : "")}; `aiinfra-agent resume` ends it.";
    }

    /// <summary>The operations that a person approved, and that approval still counts.</summary>
    public ImmutableHashSet<string> Approved(PlanTime now) =>
        [.. Volatile.Read(ref _orders).Approved.Where(order => order.Given.Age(now) < ApprovalLasts).Select(order => order.Operation)];

    /// <returns>Null, or why a restart of the agent would not know of it; it counts all the same.</returns>
    public Task<string?> PauseAsync(PlanTime now, TimeSpan? length, string why) => ChangeAsync(orders => orders with { Pause = new PauseOrder(Given(now), length, why) });

    /// <inheritdoc cref="PauseAsync"/>
    public Task<string?> ResumeAsync() => ChangeAsync(orders => orders with { Pause = null });

    /// <inheritdoc cref="PauseAsync"/>
    public Task<string?> ApproveAsync(PlanTime now, string operation) => ChangeAsync(orders => orders with
    {
        Approved = [.. orders.Approved.Where(order => order.Operation != operation && order.Given.Age(now) < ApprovalLasts), new ApproveOrder(Given(now), operation)],
    });

    /// <summary>A person has looked into a step whose outcome is not known. The engine, which alone writes the journal, takes it.</summary>
    /// <returns>Null, or why not.</returns>
    public Task<string?> AcknowledgeAsync(string operation)
    {
        var done = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        _looked.Enqueue((operation, done));
        Changed.Publish(new object());
        return done.Task;
    }

    internal bool TryTake(out (string Operation, TaskCompletionSource<string?> Done) looked) => _looked.TryDequeue(out looked);

    private static OrderTime Given(PlanTime now) => new(now.At, now.BootId, now.Uptime);

    private async Task<string?> ChangeAsync(Func<Orders, Orders> change)
    {
        Orders next;
        lock (_gate)
        {
            next = change(_orders);
            Volatile.Write(ref _orders, next);
            Volatile.Write(ref _unreadable, null);
        }
        Changed.Publish(new object());
        try
        {
            await DiskThread.RunAsync(Save, "orders").WaitAsync(Patience, _time);
            return null;
        }
        catch (TimeoutException)
        {
            return $"It is not on the disk: {_file} (state.path) does not answer. A restart of the agent would not know of it.";
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return $"It is not on the disk ({fault.Message}): a restart of the agent would not know of it.";
        }
    }

    /// <summary>Whole or not at all, and the newest: several may be under way.</summary>
    private void Save()
    {
        lock (_file)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_file)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            WholeFile.Write(_file, JsonSerializer.SerializeToUtf8Bytes(Volatile.Read(ref _orders), OrdersJson.Default.Orders));
        }
    }

    /// <summary>What a file that was written by hand or is damaged may lack although it is JSON.</summary>
    private static string? Complaint(Orders read) =>
        read.Pause is { } pause && (pause.Given?.BootId is null || pause.Why is null || (pause.For is { } length && (length < TimeSpan.Zero || length > LongestPause))) ? "The pause does not say since when, for how long or why."
        : !read.Approved.IsDefault && read.Approved.Any(order => order?.Given?.BootId is null || order.Operation is null) ? "An approval does not say since when or for what." : null;

    private static (Orders Orders, string? Unreadable) Read(string file)
    {
        try
        {
            var read = JsonSerializer.Deserialize(File.ReadAllBytes(file), OrdersJson.Default.Orders);
            if (read is not null && Complaint(read) is { } complaint)
                throw new JsonException(complaint);
            return (read is null || read.Approved.IsDefault ? Orders.None with { Pause = read?.Pause } : read, null);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return (Orders.None, null);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or JsonException)
        {
            return (Orders.None, $"{file} cannot be read ({fault.Message}): whether an operator paused it is not known. `aiinfra-agent resume` writes it anew.");
        }
    }
}
