namespace AIInfra.Aggregator.Store;

/// <summary>The tables, as they came about. One text for both databases: only TEXT and BIGINT, times in milliseconds since 1970, lists and records as JSON text.</summary>
internal static class FleetSchema
{
    /// <summary>What the dialects write differently: a number that the database gives.</summary>
    public const string Identity = "{identity}";

    private const string First = $$"""
        CREATE TABLE schema_version (version BIGINT NOT NULL);

        CREATE TABLE fleet (one BIGINT NOT NULL PRIMARY KEY, fence BIGINT NOT NULL, complete_since BIGINT NOT NULL, breaker_since BIGINT NOT NULL,
            breaker_why TEXT NOT NULL, breaker_reset BIGINT NOT NULL);
        INSERT INTO fleet VALUES (1, 0, 0, 0, '', 0);
        CREATE TABLE revisions (one BIGINT NOT NULL PRIMARY KEY, revision BIGINT NOT NULL);
        INSERT INTO revisions VALUES (1, 0);
        CREATE TABLE replicas (id TEXT NOT NULL PRIMARY KEY, beat BIGINT NOT NULL, beat_at BIGINT NOT NULL);

        CREATE TABLE nodes (name TEXT NOT NULL PRIMARY KEY, incarnation TEXT NOT NULL, sequence BIGINT NOT NULL, revision BIGINT NOT NULL,
            replica TEXT NOT NULL, is_connected BIGINT NOT NULL, last_heard BIGINT NOT NULL, out_of_service TEXT NOT NULL, domains TEXT NOT NULL, jobs TEXT NOT NULL);
        CREATE INDEX nodes_revision ON nodes (revision);
        CREATE INDEX nodes_out ON nodes (name) WHERE out_of_service <> '';
        CREATE INDEX nodes_away ON nodes (last_heard) WHERE is_connected = 0;
        CREATE TABLE node_bodies (name TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL);
        CREATE TABLE node_domains (label TEXT NOT NULL, value TEXT NOT NULL, node TEXT NOT NULL, PRIMARY KEY (label, value, node));
        CREATE INDEX node_domains_node ON node_domains (node);
        CREATE TABLE node_jobs (job TEXT NOT NULL, node TEXT NOT NULL, PRIMARY KEY (job, node));
        CREATE INDEX node_jobs_node ON node_jobs (node);
        CREATE TABLE node_marks (node TEXT NOT NULL PRIMARY KEY, marks TEXT NOT NULL);
        CREATE TABLE removed_nodes (name TEXT NOT NULL PRIMARY KEY, revision BIGINT NOT NULL);

        CREATE TABLE grants (operation TEXT NOT NULL, node TEXT NOT NULL, id TEXT NOT NULL, fence BIGINT NOT NULL, action TEXT NOT NULL, scope TEXT NOT NULL,
            reason TEXT NOT NULL, state TEXT NOT NULL, asked_at BIGINT NOT NULL, given_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, ended_at BIGINT NOT NULL,
            says TEXT NOT NULL, PRIMARY KEY (node, operation));
        CREATE INDEX grants_given ON grants (given_at);
        CREATE INDEX grants_open ON grants (node) WHERE state <> 'over';
        CREATE TABLE grant_jobs (job TEXT NOT NULL, node TEXT NOT NULL, operation TEXT NOT NULL, PRIMARY KEY (job, node, operation));
        CREATE TABLE asks (node TEXT NOT NULL PRIMARY KEY, asked_at BIGINT NOT NULL);
        CREATE INDEX asks_at ON asks (asked_at);
        CREATE TABLE pauses (label TEXT NOT NULL, value TEXT NOT NULL, actor TEXT NOT NULL, says TEXT NOT NULL, since BIGINT NOT NULL, until BIGINT NOT NULL,
            PRIMARY KEY (label, value));
        CREATE TABLE approvals (operation TEXT NOT NULL, node TEXT NOT NULL, action TEXT NOT NULL, why TEXT NOT NULL, asked_at BIGINT NOT NULL, last_asked BIGINT NOT NULL,
            approved_at BIGINT NOT NULL, approved_until BIGINT NOT NULL, actor TEXT NOT NULL, PRIMARY KEY (node, operation));

        CREATE TABLE operations (node TEXT NOT NULL, operation TEXT NOT NULL, step TEXT NOT NULL, state TEXT NOT NULL, body TEXT NOT NULL, changed_at BIGINT NOT NULL,
            PRIMARY KEY (node, operation, step));
        CREATE INDEX operations_changed ON operations (changed_at);

        CREATE TABLE audit (id {{Identity}}, at BIGINT NOT NULL, actor TEXT NOT NULL, what TEXT NOT NULL, node TEXT NOT NULL, operation TEXT NOT NULL, says TEXT NOT NULL);
        CREATE INDEX audit_node ON audit (node, id);
        CREATE INDEX audit_operation ON audit (operation, id);
        CREATE TABLE audit_denied (node TEXT NOT NULL, operation TEXT NOT NULL, says TEXT NOT NULL, times BIGINT NOT NULL, last_at BIGINT NOT NULL, PRIMARY KEY (node, operation));

        CREATE TABLE incidents (id TEXT NOT NULL PRIMARY KEY, state TEXT NOT NULL, problem TEXT NOT NULL, started_at BIGINT NOT NULL, changed_at BIGINT NOT NULL,
            body TEXT NOT NULL);
        CREATE INDEX incidents_state ON incidents (state, changed_at);
        CREATE TABLE incident_members (incident TEXT NOT NULL, node TEXT NOT NULL, PRIMARY KEY (incident, node));
        CREATE INDEX incident_members_node ON incident_members (node);

        CREATE TABLE notices (id {{Identity}}, subject TEXT NOT NULL, target TEXT NOT NULL, body TEXT NOT NULL, made_at BIGINT NOT NULL, due_at BIGINT NOT NULL,
            attempts BIGINT NOT NULL, taken_by TEXT NOT NULL, taken_until BIGINT NOT NULL, state TEXT NOT NULL, says TEXT NOT NULL);
        CREATE INDEX notices_due ON notices (state, due_at);
        """;

    // How many nodes a domain has stands beside it, and a grant says where its node was: a decision counts few rows, however large the fleet is.
    private const string Second = """
        CREATE TABLE domain_sizes (label TEXT NOT NULL, value TEXT NOT NULL, nodes BIGINT NOT NULL, PRIMARY KEY (label, value));
        INSERT INTO domain_sizes SELECT label, value, count(*) FROM node_domains GROUP BY label, value;
        INSERT INTO domain_sizes SELECT '', '', count(*) FROM nodes;
        ALTER TABLE grants ADD COLUMN domains TEXT NOT NULL DEFAULT '[]';
        UPDATE grants SET domains = coalesce((SELECT domains FROM nodes WHERE name = grants.node), '[]');
        DROP TABLE node_domains;
        """;

    // What is done on the cluster's nodes for their agents, and which domains the cluster itself has them in.
    private const string Cluster = """
        CREATE TABLE cluster_steps (node TEXT NOT NULL, step TEXT NOT NULL, operation TEXT NOT NULL, action TEXT NOT NULL, fence BIGINT NOT NULL, state TEXT NOT NULL, outcome TEXT NOT NULL,
            says TEXT NOT NULL, body TEXT NOT NULL, stop TEXT NOT NULL, taken_by TEXT NOT NULL, taken_until BIGINT NOT NULL, asked_at BIGINT NOT NULL, deadline_at BIGINT NOT NULL,
            ended_at BIGINT NOT NULL, PRIMARY KEY (node, step));
        CREATE INDEX cluster_steps_open ON cluster_steps (node) WHERE state = 'running';
        CREATE TABLE cluster_labels (node TEXT NOT NULL PRIMARY KEY, domains TEXT NOT NULL);
        """;

    /// <summary>What each version added to the one before it, the first one first. Never edited: databases in the field were made by it.</summary>
    public static readonly string[] Steps = [First, Second, Cluster];
}
