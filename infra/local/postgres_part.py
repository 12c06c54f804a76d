"""The embedded PostgreSQL server as a part of the stack."""

from __future__ import annotations

import psycopg

from infra.local.errors import NotHealthy
from infra.local.part import Part
from infra.local.postgres import ELSEWHERE, EmbeddedPostgres, data_dir
from infra.postgres.prepare import prepare_database
from streams.settings import Settings

ANSWER_SECONDS = 3
# Sized for one machine that everything else runs on too; memory of a backend is what it touches, not this.
OPTIONS = {
    "shared_buffers": "256MB",
    "max_connections": "200",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "log_min_duration_statement": "5000",
    "log_line_prefix": "%m [%p] %u@%d ",
}


def check_postgres(dsn: str) -> None:
    """Return when the server answers a query. Raises NotHealthy."""
    try:
        with psycopg.connect(dsn, connect_timeout=ANSWER_SECONDS) as connection:
            connection.execute("select 1")
    except psycopg.OperationalError as error:
        raise NotHealthy(" ".join(str(error).split())) from error


def postgres_part(settings: Settings) -> Part:
    """The server; once it answers, roles, databases and schemas are brought up to date."""
    folder = data_dir(settings)
    server = EmbeddedPostgres(folder, settings.postgres_port, settings.postgres_superuser)

    def prepare() -> None:
        if folder.is_relative_to(ELSEWHERE):
            ELSEWHERE.mkdir(parents=True, exist_ok=True)
            ELSEWHERE.chmod(0o755)
        server.initialise(settings.secret("postgres_superuser"))

    return Part(
        name="postgres",
        title="数据库 PostgreSQL",
        command=tuple(server.command(**OPTIONS)),
        prepare=prepare,
        healthy=lambda: check_postgres(settings.superuser_dsn),
        afterwards=lambda: prepare_database(settings),
        ports={"MINSHENG_POSTGRES_PORT": settings.postgres_port},
        memory_mib=400,
        stop_signal="INT",  # fast: open transactions are rolled back
        stops_group=False,  # its children take the same signal for something else
    )
