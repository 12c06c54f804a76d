"""Checks of what Kafka, PostgreSQL, Airflow and Superset are configured with: what works today and bites one
day. Where a server does not answer there is nothing to look at here: `running` says that it is away."""

from __future__ import annotations

import configparser
import os
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from urllib.parse import urlsplit

import psycopg

from infra.airflow.configuration import home as airflow_home
from infra.backup.database import kept_aside
from infra.local.checks.finding import Finding, Place, fine, warning, wrong
from infra.superset.errors import SupersetMissing
from infra.superset.metadata import connect as superset_metadata
from spark_jobs.lake import LOG
from streams.errors import KafkaAway, SecretMissing
from streams.registry import deployed
from streams.topics import admin_client, list_topics, plan, wanted_topic
from streams.zone import ZONE_NAME

CONNECTIONS_NEEDED = 100
"""Seen with every part at work: up to 62; commands, rollups and backups come on top."""
BUSY = 0.8
_AWAY = (psycopg.OperationalError, psycopg.errors.UndefinedTable, KafkaAway, SecretMissing, SupersetMissing)
_WRITES = "insert, update, delete, truncate"


def _if_there(check: Callable[[Place], Finding]) -> Callable[[Place], Finding]:
    @wraps(check)
    def asked(place: Place) -> Finding:
        try:
            return check(place)
        except _AWAY as away:
            return fine(f"not looked at: {' '.join(str(away).split())[:100]}")

    return asked


@_if_there
def topics(place: Place) -> Finding:
    """Whether every deployed contract has its topic, as the contract asks for it."""
    wanted = [wanted_topic(each, place.settings) for each in deployed(place.settings).contracts.values()]
    there = {topic.name: topic for topic in list_topics(place.settings)}
    changes = {change.topic: change for change in plan(wanted, there)}
    missing = [name for name, change in changes.items() if change.action == "create"]
    if missing:
        return wrong(f"deployed, but without a topic: {', '.join(missing)}", "minsheng topics ensure")
    differing = [f"{name} ({each.detail})" for name, each in changes.items() if each.action == "alter"]
    if differing:
        return wrong(
            f"not as their contracts ask: {'; '.join(differing[:3])}",
            "minsheng topics ensure; who changed them by hand should change the contract instead",
        )
    return fine(f"{len(wanted)} topics are as their contracts ask")


@_if_there
def replicas(place: Place) -> Finding:
    """Whether topics have the replicas that the settings ask for, and whether there are brokers for them."""
    asked = place.settings.topic_replication
    with admin_client(place.settings) as admin:
        brokers = len(admin.describe_cluster()["brokers"])
    if asked > brokers:
        return wrong(
            f"MINSHENG_TOPIC_REPLICATION is {asked}, and there are {brokers} brokers: no topic can be made",
            f"start more brokers, or set it to {brokers} at most",
        )
    fewer = [topic.name for topic in list_topics(place.settings) if topic.replication < asked]
    if fewer:
        return wrong(
            f"fewer than {asked} replicas: {', '.join(fewer[:3])}: a broker lost takes events with it",
            "Kafka's kafka-reassign-partitions adds replicas; `minsheng topics` never moves partitions",
        )
    return fine(f"{asked} of each partition, {brokers} brokers")


@_if_there
def lateness(place: Place) -> Finding:
    """Whether the lake keeps events for as long as contracts accept late ones."""
    kept = timedelta(days=place.settings.lake_retention_days)
    late = [
        f"{source} ({each.accept.past.days} days)"
        for source, each in deployed(place.settings).contracts.items()
        if each.accept.past > kept
    ]
    if not late:
        return fine(f"the lake keeps {kept.days} days, no contract accepts older events")
    return wrong(
        f"accepted later than the lake keeps a day ({kept.days} days), and then never rolled up:"
        f" {', '.join(late[:3])}",
        "raise MINSHENG_LAKE_RETENTION_DAYS, or shorten `accept` in the contract",
    )


def lake_writable(place: Place) -> Finding:
    """Whether the archive can write to the lake."""
    lake = place.settings.lake_dir
    if not lake.exists():
        return fine("no lake yet")
    closed = [path for path in (lake, *lake.glob("*"), *lake.glob(f"*/{LOG}")) if not _can_write(path)]
    if not closed:
        return fine(str(lake))
    return wrong(
        f"{closed[0]} cannot be written to: the archive stands still, and Kafka forgets after its retention",
        f"chown -R {os.geteuid()} {lake}; mount it writable",
    )


def _can_write(path: os.PathLike[str]) -> bool:
    return os.access(path, os.W_OK | os.X_OK)


@_if_there
def connections(place: Place) -> Finding:
    """Whether the server takes as many connections as all parts together open."""
    with place.database() as connection:
        row = connection.execute(
            "select current_setting('max_connections')::int, (select count(*) from pg_stat_activity)::int"
        ).fetchone()
    most, used = row or (0, 0)
    if most < CONNECTIONS_NEEDED:
        return wrong(
            f"PostgreSQL takes {most} connections, all parts together need {CONNECTIONS_NEEDED}",
            f"max_connections = {CONNECTIONS_NEEDED} or more in its postgresql.conf, then start it again",
        )
    if used > most * BUSY:
        return warning(
            f"{used} of {most} connections are taken",
            "select application_name, count(*) from pg_stat_activity group by 1 shows by whom",
        )
    return fine(f"{used} of {most}")


@_if_there
def reader(place: Place) -> Finding:
    """Whether the dashboards' role can read and nothing else."""
    role = place.settings.postgres_reader
    with place.database() as connection:
        able = connection.execute(
            "select format('%%I.%%I', schemaname, tablename) from pg_tables where schemaname in"
            " ('live', 'mart', 'ops', 'ref') and has_table_privilege(%s, format('%%I.%%I', schemaname,"
            " tablename), %s) order by 1",
            (role, _WRITES),
        ).fetchall()
        great = connection.execute(
            "select rolsuper or rolcreatedb or rolcreaterole or rolbypassrls from pg_roles"
            " where rolname = %s",
            (role,),
        ).fetchone()
    if great == (True,):
        return wrong(
            f"{role} is more than a reader", f"alter role {role} nosuperuser nocreatedb nocreaterole"
        )
    if able:
        named = ", ".join(name for (name,) in able[:3])
        return wrong(
            f"{role} may write to {named}: what dashboards show could be changed through them",
            f"revoke {_WRITES} on all tables in schema live, mart, ops, ref from {role}",
        )
    return fine(f"{role} can only read")


@_if_there
def dashboards_role(place: Place) -> Finding:
    """Whether Superset reads as the role that can only read."""
    with superset_metadata(place.settings) as connection:
        found = connection.execute("select database_name, sqlalchemy_uri from dbs").fetchall()
    others = {name: urlsplit(uri).username for name, uri in found}
    strange = {name: role for name, role in others.items() if role != place.settings.postgres_reader}
    if not strange:
        return fine(f"{len(found)} data sources of Superset, as {place.settings.postgres_reader}")
    named = ", ".join(f"{name} as {role}" for name, role in strange.items())
    return wrong(
        f"Superset reads {named}: a chart could do whatever that role may",
        "minsheng dashboards sync restores its own; remove the others in Superset (Settings, Database)",
    )


def airflow_zone(place: Place) -> Finding:
    """Whether Airflow's days are the city's days."""
    file = airflow_home(place.settings) / "airflow.cfg"
    told = place.environment.get("AIRFLOW__CORE__DEFAULT_TIMEZONE")
    if told not in (None, ZONE_NAME):
        return wrong(
            f"AIRFLOW__CORE__DEFAULT_TIMEZONE is {told}: airflow's own commands take another day for today",
            f"unset it, or set it to {ZONE_NAME}",
        )
    parser = configparser.ConfigParser(interpolation=None)
    if not parser.read(file):
        return fine("Airflow was never started")
    zone = parser.get("core", "default_timezone", fallback="utc")
    if zone == ZONE_NAME:
        return fine(zone)
    return wrong(
        f"{file} says {zone}, days are those of {ZONE_NAME}: the daily rollup runs at another hour",
        "minsheng down && minsheng up writes the file anew; do not edit it",
    )


@_if_there
def set_aside(place: Place) -> Finding:
    """Whether a restore has left what was there before."""
    with place.database() as connection:
        schemas = kept_aside(connection)
    lakes = sorted(str(path) for path in place.settings.home.glob("lake_before_*"))
    if not schemas and not lakes:
        return fine("nothing")
    drop = f"drop schema {', '.join(schemas)} cascade" if schemas else ""
    remove = f"rm -r {' '.join(lakes)}" if lakes else ""
    return warning(
        f"a restore has set aside {', '.join([*schemas, *lakes])}",
        f"when nobody misses anything: {'; '.join(each for each in (drop, remove) if each)}",
    )
