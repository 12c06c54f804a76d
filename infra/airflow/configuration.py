"""airflow.cfg of this installation, as text. Whoever may read the file may do everything: mode 0600."""

from __future__ import annotations

import configparser
import io
from collections.abc import Mapping
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import URL

from streams.settings import REPOSITORY, Settings
from streams.zone import ZONE_NAME

ADMIN = "admin"
DATABASE = "airflow"
SECRETS = ("airflow_fernet", "airflow_jwt", "airflow_key")
TASKS_AT_ONCE = 4


def home(settings: Settings) -> Path:
    """Airflow's own folder: configuration and logs of tasks."""
    return settings.home / "airflow"


def configuration(settings: Settings) -> str:
    """The file. What it does not say is Airflow's default."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_dict(_sections(settings))
    text = io.StringIO()
    parser.write(text)
    return text.getvalue()


def url(settings: Settings) -> str:
    """Where Airflow's pages and API are."""
    return f"http://{settings.airflow_address}:{settings.airflow_port}"


def _sections(settings: Settings) -> Mapping[str, Mapping[str, object]]:
    folder = home(settings)
    fernet, jwt, key = (settings.secret(name) for name in SECRETS)
    return {
        "core": {
            "dags_folder": REPOSITORY / "dags",
            "executor": "LocalExecutor",
            "parallelism": TASKS_AT_ONCE,
            "load_examples": False,
            "dags_are_paused_at_creation": False,
            "default_timezone": ZONE_NAME,
            "fernet_key": fernet,
            "execution_api_server_url": f"{url(settings)}/execution/",
            "simple_auth_manager_users": f"{ADMIN}:admin",
            "simple_auth_manager_passwords_file": folder / "passwords.json",
        },
        "database": {"sql_alchemy_conn": _database(settings), "sql_alchemy_pool_size": 5},
        "logging": {"base_log_folder": folder / "logs", "colored_console_log": False},
        "api": {
            "host": settings.airflow_host,
            "port": settings.airflow_port,
            "base_url": url(settings),
            "workers": 1,
            "secret_key": key,
            "instance_name": "民生平台 · 调度",
            "expose_config": False,
        },
        "api_auth": {"jwt_secret": jwt},
        # Few DAGs that seldom change: parsing them twice a minute would be most of what Airflow does.
        "dag_processor": {"parsing_processes": 1, "min_file_process_interval": 120, "refresh_interval": 30},
        "triggerer": {"capacity": 100},
        # Seconds until what a killed scheduler or task left behind is begun anew; Airflow waits five minutes.
        "scheduler": {
            "orphaned_tasks_check_interval": 30,
            "task_instance_heartbeat_timeout": 90,
        },
    }


def _database(settings: Settings) -> str:
    parts = conninfo_to_dict(settings.metadata_dsn(DATABASE))
    address = URL.create(
        "postgresql+psycopg2",
        username=str(parts["user"]),
        password=str(parts["password"]),
        host=str(parts["host"]),
        port=int(str(parts["port"])),
        database=str(parts["dbname"]),
    )
    return address.render_as_string(hide_password=False)
