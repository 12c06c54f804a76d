"""Schemas live, mart, ops and ref, and the tables that no contract asks for.

Revision ID: 0001
"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    "create schema live",
    "create schema mart",
    "create schema ops",
    "create schema ref",
    "comment on schema live is 'minutes and running days, provisional'",
    "comment on schema mart is 'days, final, by revision'",
    "comment on schema ops is 'ledger, quarantine, freshness, validations, alerts'",
    "comment on schema ref is 'reference data: divisions, labels'",
    # Contracts as deployed: what live query, gateway, rollup and dashboards go by.
    """create table ops.contract (
        source text primary key,
        number smallint not null unique,
        version text not null,
        text text not null,
        deployed_at timestamptz not null default now(),
        retired_at timestamptz
    )""",
    """create table ops.contract_history (
        id bigint generated always as identity primary key,
        source text not null,
        version text not null,
        text text not null,
        deployed_at timestamptz not null default now(),
        deployed_by text not null
    )""",
    # A live or archive batch, committed with its results.
    """create table ops.batch (
        query text not null,
        run uuid not null,
        batch bigint not null,
        started_at timestamptz not null,
        committed_at timestamptz not null default clock_timestamp(),
        events bigint not null,
        oldest_received_at timestamptz,
        newest_received_at timestamptz,
        primary key (query, run, batch)
    )""",
    "create index batch_committed_at on ops.batch (query, committed_at)",
    # Where a query stands in Kafka; the only truth about it (a lost checkpoint is rebuilt from here).
    # topic_id is Kafka's own: a topic that was deleted and made anew is another topic.
    """create table ops.position (
        query text not null,
        topic text not null,
        partition int not null,
        topic_id uuid not null,
        next_offset bigint not null,
        primary key (query, topic, partition)
    )""",
    # Ids that were counted. `content` tells duplicates from conflicts; `position`: partition << 40 | offset.
    """create table ops.claim (
        event_day date not null,
        source smallint not null,
        id uuid not null,
        content bigint not null,
        position bigint not null,
        primary key (event_day, source, id)
    ) partition by range (event_day)""",
    # Counts of a query by outcome. live: accepted, quarantined, duplicate, conflict; archive: archived.
    """create table ops.tally (
        query text not null,
        source text not null,
        received_day date not null,
        outcome text not null,
        events bigint not null,
        primary key (query, source, received_day, outcome)
    )""",
    # Which received days hold events of which event day: what a rollup of that event day has to read.
    """create table ops.span (
        source text not null,
        event_day date not null,
        received_day date not null,
        events bigint not null,
        primary key (source, event_day, received_day)
    )""",
    # What the archive is about to append to the lake: written before, cleared after. An open one is appended
    # again with the same lake version, which the lake skips if it has it already.
    """create table ops.intent (
        query text primary key,
        version bigint not null,
        ranges jsonb
    )""",
    # That a query is alive: its driver writes this every few seconds.
    """create table ops.heartbeat (
        query text primary key,
        run uuid not null,
        started_at timestamptz not null,
        beat_at timestamptz not null,
        behind bigint not null
    )""",
    # Kafka's own offsets of a received day: what was sent. next_offset is null while the day is not over;
    # seen_offset is the day's end so far, as of observed_at.
    """create table ops.sent (
        topic text not null,
        partition int not null,
        received_day date not null,
        first_offset bigint not null,
        next_offset bigint,
        seen_offset bigint not null,
        observed_at timestamptz not null,
        primary key (topic, partition, received_day)
    )""",
    """create table ops.quarantine (
        id bigint generated always as identity primary key,
        source text not null,
        topic text not null,
        partition int not null,
        "offset" bigint not null,
        received_at timestamptz not null,
        event_id text,
        event_time timestamptz,
        division text,
        place text,
        reasons jsonb not null,
        excerpt text not null,
        state text not null default '待核实',
        state_at timestamptz not null default now(),
        state_by text,
        unique (topic, partition, "offset")
    )""",
    "create index quarantine_source on ops.quarantine (source, received_at)",
    "create index quarantine_received_at on ops.quarantine (received_at)",
    """create table ops.conflict (
        source text not null,
        id uuid not null,
        event_day date not null,
        topic text not null,
        first_position bigint not null,
        second_position bigint not null,
        received_at timestamptz not null,
        primary key (topic, second_position)
    )""",
    """create table ops.freshness (
        source text primary key,
        last_event_at timestamptz,
        last_received_at timestamptz,
        last_committed_at timestamptz not null
    )""",
    # What the gateway and the importer refused before Kafka.
    """create table ops.refusal (
        way text not null,
        source text not null,
        received_day date not null,
        code text not null,
        events bigint not null,
        primary key (way, source, received_day, code)
    )""",
    # Distinct counts never add up: live sketches by subset of dimensions, days exactly.
    """create table live.distinct_day (
        source text not null,
        metric text not null,
        measure text not null,
        event_day date not null,
        dimensions jsonb not null,
        sketch bytea not null,
        estimate bigint not null,
        primary key (source, metric, measure, event_day, dimensions)
    )""",
    """create table mart.distinct_day_revision (
        source text not null,
        metric text not null,
        measure text not null,
        event_day date not null,
        revision int not null,
        dimensions jsonb not null,
        value bigint not null,
        primary key (source, metric, measure, event_day, revision, dimensions)
    )""",
    # What is published of a source and day. The current revision is the highest that was not taken back.
    """create table mart.publication (
        source text not null,
        event_day date not null,
        revision int not null,
        published_at timestamptz not null default now(),
        reason text not null,
        contract_version text not null,
        accepted bigint not null,
        quarantined bigint not null,
        duplicate bigint not null,
        conflict bigint not null,
        archive_position jsonb not null,
        fingerprint text not null,
        is_current boolean not null,
        primary key (source, event_day, revision)
    )""",
    "create unique index publication_current on mart.publication (source, event_day) where is_current",
    # The last rollup of a source's day, whatever came of it. `span` is the received days -> accepted events
    # that live knew and the lake held when it read; null where that is not certain: the day is due again.
    """create table ops.rollup (
        source text not null,
        event_day date not null,
        ran_at timestamptz not null default now(),
        outcome text not null check (outcome in ('published', 'unchanged', 'refused')),
        revision int,
        contract_version text not null,
        provisional boolean not null,
        span jsonb,
        seconds double precision not null,
        primary key (source, event_day)
    )""",
    """create view mart.distinct_day as
        select r.* from mart.distinct_day_revision r
        join mart.publication p using (source, event_day, revision) where p.is_current""",
    """create table ops.validation (
        id bigint generated always as identity primary key,
        scope text not null check (scope in ('live', 'day')),
        source text not null,
        event_day date not null,
        revision int,
        validated_at timestamptz not null default now(),
        success boolean not null,
        evaluated int not null,
        failed int not null,
        results jsonb not null
    )""",
    "create index validation_source on ops.validation (source, event_day, validated_at)",
    """create table ops.alert (
        id bigint generated always as identity primary key,
        code text not null,
        source text,
        message text not null,
        raised_at timestamptz not null default now(),
        cleared_at timestamptz
    )""",
    """create table ref.division (
        code text primary key,
        name text not null,
        level text not null,
        parent text,
        terrain text not null
    )""",
    """create table ref.label (
        source text not null,
        field text not null,
        value text not null,
        label text not null,
        primary key (source, field, value)
    )""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise RuntimeError("There is no way back from the first revision: restore a backup instead.")
