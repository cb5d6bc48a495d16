using AIInfra.Aggregator.Audit;
using AIInfra.Aggregator.Identity;
using AIInfra.Aggregator.Nodes;
using AIInfra.Aggregator.Streams;
using AIInfra.Core.Metrics;
using Microsoft.AspNetCore.Http;

namespace AIInfra.Aggregator.Api;

/// <summary>The fleet as it is now: nodes, devices, problems, workloads and operations, filtered and in pages.</summary>
internal sealed class FleetPart(FleetView view, NodeLoader loader, ChangeFeed feed, FleetService service, NodeWriter writer, IAuditLog audit, TimeProvider time) : IApiPart
{
    private static readonly ApiQuery
        Node = ApiQuery.Text("node", "Only of this node."),
        Vendor = ApiQuery.Text("vendor", "Only of this vendor: nvidia, amd …"),
        State = ApiQuery.Choice("state", "Only nodes in this state.", ApiLines.Connected, ApiLines.Reconnecting, ApiLines.Lost),
        SeverityIs = ApiQuery.Choice("severity", "Only of this severity.", "fatal", "degraded", "info"),
        Problem = ApiQuery.Text("problem", "Only with a problem of this id, or whose id begins with it and a dot: nvidia.xid."),
        LabelIs = new("label", "Only nodes with this label.", "KEY or KEY=VALUE", text => text.Length is > 0 and <= 400),
        Name = ApiQuery.Text("name", "Only nodes whose name holds this text."),
        Healthy = ApiQuery.Choice("healthy", "Only devices that are, or are not.", "true", "false"),
        Job = ApiQuery.Text("job", "Only of this job."),
        Operation = ApiQuery.Choice("state", "Only steps in this state.", "waiting", "intended", "acted", "closed");

    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "/api/v1/fleet", TokenRole.Viewer, "The fleet in numbers.", ApiJson.Default.FleetSummary, request => request.WriteAsync(Summary(), ApiJson.Default.FleetSummary)),
        new("GET", "/api/v1/nodes", TokenRole.Viewer, "Nodes by name.", ApiJson.Default.PageOfNodes, request => request.WriteAsync(Nodes(request), ApiJson.Default.PageOfNodes))
            { Query = [Name, State, SeverityIs, Problem, LabelIs, ApiQuery.Limit, ApiQuery.After] },
        new("GET", "/api/v1/nodes/{name}", TokenRole.Viewer, "All that is known of a node.", ApiJson.Default.NodePage, OneAsync),
        new("DELETE", "/api/v1/nodes/{name}", TokenRole.Admin, "Forgets a node that is gone; it comes back if its agent does.", null, ForgetAsync),
        new("GET", "/api/v1/devices", TokenRole.Viewer, "Devices by node and id.", ApiJson.Default.PageOfDevices, request => request.WriteAsync(Devices(request), ApiJson.Default.PageOfDevices))
            { Query = [Node, Vendor, Healthy, LabelIs, ApiQuery.Limit, ApiQuery.After] },
        new("GET", "/api/v1/problems", TokenRole.Viewer, "Problems that stand, by node and id.", ApiJson.Default.PageOfProblems, request => request.WriteAsync(Problems(request), ApiJson.Default.PageOfProblems))
            { Query = [Node, SeverityIs, Problem, LabelIs, ApiQuery.Limit, ApiQuery.After] },
        new("GET", "/api/v1/workloads", TokenRole.Viewer, "Who holds which devices.", ApiJson.Default.PageOfWorkloads, request => request.WriteAsync(Workloads(request), ApiJson.Default.PageOfWorkloads))
            { Query = [Node, Job, LabelIs, ApiQuery.Limit, ApiQuery.After] },
        new("GET", "/api/v1/operations", TokenRole.Viewer, "Steps of remediation, as the nodes' journals have them.", ApiJson.Default.PageOfOperations, request => request.WriteAsync(Operations(request), ApiJson.Default.PageOfOperations))
            { Query = [Node, Operation, LabelIs, ApiQuery.Limit, ApiQuery.After] },
    ];

    private FleetSummary Summary()
    {
        var nodes = view.Nodes.Values.ToList();
        var devices = nodes.SelectMany(node => node.Devices).ToList();
        return new FleetSummary(
            time.GetUtcNow(), loader.IsLoaded,
            new NodeCounts(nodes.Count, nodes.Count(node => node.IsConnected), nodes.Count(node => !node.IsConnected && !node.IsLost), nodes.Count(node => node.IsLost), nodes.Count(ApiLines.IsUnfit)),
            devices.Count, devices.Count(device => !device.IsHealthy), ApiLines.Severities(nodes.SelectMany(node => node.Problems)),
            devices.GroupBy(device => device.Vendor, StringComparer.Ordinal).OrderBy(vendor => vendor.Key, StringComparer.Ordinal)
                .ToDictionary(vendor => vendor.Key, vendor => new DeviceCounts(vendor.Count(), vendor.Count(device => !device.IsHealthy)), StringComparer.Ordinal),
            feed.Newest);
    }

    private ApiPage<NodeLine> Nodes(ApiRequest request)
    {
        var (state, severity, problem, name) = (request.Query("state"), request.Query("severity"), request.Query("problem"), request.Query("name"));
        var nodes = Chosen(request)
            .Where(node => name is null || node.Name.Contains(name, StringComparison.OrdinalIgnoreCase))
            .Where(node => state is null || ApiLines.State(node) == state)
            .Where(node => severity is null && problem is null || node.Problems.Any(one => Is(one, severity, problem)));
        return Paged(request, nodes, node => node.Name, ApiLines.Node);
    }

    private ApiPage<DeviceLine> Devices(ApiRequest request)
    {
        var (vendor, healthy) = (request.Query("vendor"), request.Query("healthy"));
        var devices = Chosen(request).SelectMany(node => node.Devices
            .Where(device => (vendor is null || device.Vendor == vendor) && (healthy is null || device.IsHealthy == (healthy == "true"))).Select(device => (node.Name, Device: device)));
        return Paged(request, devices, one => $"{one.Name}/{one.Device.Id}", one => ApiLines.Device(one.Name, one.Device));
    }

    private ApiPage<ProblemLine> Problems(ApiRequest request)
    {
        var (severity, problem) = (request.Query("severity"), request.Query("problem"));
        var problems = Chosen(request).SelectMany(node => node.Problems.Where(one => Is(one, severity, problem)).Select(one => (node.Name, Problem: one)));
        return Paged(request, problems, one => $"{one.Name}/{WireRecords.Order(one.Problem)}", one => ApiLines.Problem(one.Name, one.Problem));
    }

    private ApiPage<WorkloadLine> Workloads(ApiRequest request)
    {
        var job = request.Query("job");
        var workloads = Chosen(request).SelectMany(node => node.Workloads.Where(one => job is null || one.Job == job).Select(one => (node.Name, Workload: one)));
        return Paged(request, workloads, one => $"{one.Name}/{one.Workload.Id}", one => ApiLines.Workload(one.Name, one.Workload));
    }

    private ApiPage<OperationLine> Operations(ApiRequest request)
    {
        var state = request.Query("state");
        var operations = Chosen(request).SelectMany(node => node.Operations.Where(one => state is null || one.State == state).Select(one => (node.Name, Operation: one)));
        return Paged(request, operations, one => $"{one.Name}/{one.Operation.Step}", one => ApiLines.Operation(one.Name, one.Operation));
    }

    private Task OneAsync(ApiRequest request) => view.Find(request.Value("name")) is { } node
        ? request.WriteAsync(ApiLines.Page(node), ApiJson.Default.NodePage)
        : request.RefuseAsync(StatusCodes.Status404NotFound, "There is no node of that name.");

    private async Task ForgetAsync(ApiRequest request)
    {
        var name = request.Value("name");
        if (view.Find(name) is null)
        {
            await request.RefuseAsync(StatusCodes.Status404NotFound, "There is no node of that name.");
            return;
        }
        await audit.WriteAsync(new AuditEntry(time.GetUtcNow(), request.Caller.Name, "node.removed", name, "", "Removed by request."), request.Aborted);
        service.Forget(name, writer);
        request.Context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    /// <summary>The nodes that the filters on nodes leave, by name. A page that goes on begins at its node.</summary>
    private IEnumerable<NodeRecord> Chosen(ApiRequest request)
    {
        if (request.Query("node") is { } one)
            return view.Find(one) is { } found ? [found] : [];
        var from = request.Query("after") is { } after ? after.Split('/', 2)[0] : null;
        var label = request.Query("label")?.Split('=', 2);
        return view.Nodes.Values
            .Where(node => from is null || string.CompareOrdinal(node.Name, from) >= 0)
            .Where(node => label is null || (node.Facts.Labels.TryGetValue(label[0], out var value) && (label.Length == 1 || label[1] == value)));
    }

    private static bool Is(ProblemRecord problem, string? severity, string? id) =>
        (severity is null || Words.Of(problem.Severity) == severity)
        && (id is null || problem.Key.Id == id || (problem.Key.Id.StartsWith(id, StringComparison.Ordinal) && (id.EndsWith('.') || problem.Key.Id[id.Length] == '.')));

    /// <param name="items">In order of their keys within a node, nodes in order of their names.</param>
    /// <param name="key">The node's name, a slash, the key in it.</param>
    private static ApiPage<TLine> Paged<T, TLine>(ApiRequest request, IEnumerable<T> items, Func<T, string> key, Func<T, TLine> line)
    {
        var after = request.Query("after");
        var page = items.Where(item => after is null || IsAfter(key(item), after)).Take(request.Limit + 1).ToList();
        var next = page.Count > request.Limit ? key(page[^2]) : null;
        return new ApiPage<TLine>([.. page.Take(request.Limit).Select(line)], next);
    }

    private static bool IsAfter(string key, string other)
    {
        var (one, two) = (key.Split('/', 2), other.Split('/', 2));
        var names = string.CompareOrdinal(one[0], two[0]);
        return names > 0 || (names == 0 && one.Length > 1 && two.Length > 1 && string.CompareOrdinal(one[1], two[1]) > 0);
    }
}
