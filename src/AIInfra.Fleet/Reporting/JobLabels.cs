namespace AIInfra.Fleet.Reporting;

/// <summary>Labels by which the members of one job are known, the strongest first. Of those, the agent has what metrics.podLabels follows.</summary>
public static class JobLabels
{
    public static IReadOnlyList<string> Names { get; } =
    [
        "training.kubeflow.org/job-name", "volcano.sh/job-name", "scheduling.x-k8s.io/pod-group", "jobset.sigs.k8s.io/jobset-name", "leaderworkerset.sigs.k8s.io/name",
        "ray.io/cluster", "batch.kubernetes.io/job-name", "job-name",
    ];

    /// <returns>Null: the pod bears none of them.</returns>
    public static string? Find(IReadOnlyCollection<KeyValuePair<string, string>> labels) =>
        Names.Select(name => labels.FirstOrDefault(label => label.Key == name).Value).FirstOrDefault(value => !string.IsNullOrEmpty(value));
}
