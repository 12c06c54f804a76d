"""The tables that are compared, each as two questions for rows of the same columns.

The first is asked of PostgreSQL, the second of `sent` (see Answer.rows).
"""

from __future__ import annotations

from collections.abc import Mapping

from streams.contract.tables import MetricTable

# An event that holds the claim of its id: also one that breaks a rule across events.
_HOLDS = "(outcome = 'accepted' or code like 'unique:%')"
_NAMED = "join (select source as name, number from ops.contract) c on c.number = t.source"

TABLES: Mapping[str, tuple[str, str]] = {
    "ops.tally of live": (
        "select source, received_day, outcome, events from ops.tally where query = 'live'",
        "select source, received_day, outcome, count(*) from sent group by all",
    ),
    "ops.tally of archive": (
        "select source, received_day, outcome, events from ops.tally where query = 'archive'",
        "select source, received_day, 'archived', count(*) from sent group by all",
    ),
    "ops.batch": (
        "select query, sum(events)::bigint from ops.batch group by 1",
        "select unnest(['live', 'archive']), count(*) from sent",
    ),
    "ops.position": (
        "select query, topic, partition, next_offset from ops.position",
        """select query, topic, partition, max("offset") + 1 from sent, unnest(['live', 'archive']) q (query)
            where not gone group by all""",
    ),
    "ops.claim": (
        f"select name, event_day, id, position from ops.claim t {_NAMED}",
        f"select source, event_day, claim, position from sent where {_HOLDS}",
    ),
    "ops.span": (
        "select source, event_day, received_day, events from ops.span",
        "select source, event_day, received_day, count(*) from sent where outcome = 'accepted' group by all",
    ),
    "ops.quarantine": (
        'select source, topic, partition, "offset", received_at from ops.quarantine',
        """select source, topic, partition, "offset", received_at from sent
            where outcome = 'quarantined'""",
    ),
    "ops.conflict": (
        """select source, id, event_day, topic, first_position, second_position, received_at
            from ops.conflict""",
        f"""select s.source, s.claim, s.event_day, s.topic, f.position, s.position, s.received_at
            from sent s join (select * from sent where {_HOLDS}) f using (claim)
            where s.outcome = 'conflict'""",
    ),
    "ops.freshness": (
        "select source, last_event_at, last_received_at from ops.freshness",
        """select source, max(event_at), max(received_at) from sent where event_day is not null
            group by all""",
    ),
}
UNIQUE_CLAIMS = (
    f"select name, nullif(bucket, 'infinity'), event_day, position from ops.unique_claim t {_NAMED}"
)
REASONS = """
    select topic, partition, "offset", received_at, jsonb_path_query_array(reasons, '$[*].code')
    from ops.quarantine
"""
STEPS = "select source, case_id, step, position from ops.case_step"
PLACES = "select source, received_day, place, events from ops.place_day"
DISTINCT = "select source, metric, measure, event_day, dimensions, sketch from live.distinct_day"


def metric_question(table: MetricTable) -> str:
    """minute, dimensions, columns of a metric's live table."""
    names = ("minute", *table.dimensions, *(column.name for column in table.columns))
    quoted = ", ".join(f'"{name}"' for name in names)
    return f'select {quoted} from live."{table.name}"'
