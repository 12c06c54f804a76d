"""The settings that containers need change what they say they change; the local stack's are the defaults."""

from __future__ import annotations

from configparser import ConfigParser
from pathlib import Path

import pytest

from infra.airflow.configuration import configuration, url
from infra.superset.parts import command
from spark_jobs.session import cluster_options
from streams.kafka_access import client_options, spark_options
from streams.settings import Settings


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "secrets").mkdir()
    for name in ("airflow", "airflow_fernet", "airflow_jwt", "airflow_key"):
        (tmp_path / "secrets" / name).write_text("secret", encoding="ascii")
    return tmp_path


def test_a_brokers_silence_is_given_up_after_so_many_seconds() -> None:
    patient, quick = Settings(), Settings(kafka_request_seconds=5)
    assert client_options(patient, "stream")["request_timeout_ms"] == 30_000
    assert client_options(quick, "stream")["request_timeout_ms"] == 5_000
    assert spark_options(patient)["kafka.request.timeout.ms"] == "30000"
    assert spark_options(quick)["kafka.request.timeout.ms"] == "5000"
    assert spark_options(quick)["kafka.socket.connection.setup.timeout.ms"] == "5000"


def test_spark_does_not_wait_for_events_that_it_does_not_ask_for() -> None:
    assert int(spark_options(Settings())["kafka.fetch.max.wait.ms"]) < 10


def test_airflow_listens_and_is_found_elsewhere_than_on_loopback(home: Path) -> None:
    own = Settings(home=home, airflow_host="0.0.0.0", airflow_address="airflow-api")  # noqa: S104 (written only)
    written = ConfigParser(interpolation=None)
    written.read_string(configuration(own))
    assert written["api"]["host"] == "0.0.0.0"  # noqa: S104
    assert written["core"]["execution_api_server_url"] == "http://airflow-api:28090/execution/"
    assert (url(own), url(Settings())) == ("http://airflow-api:28090", "http://127.0.0.1:28090")


def test_superset_listens_elsewhere_than_on_loopback() -> None:
    assert "--bind=0.0.0.0:28088" in command(Settings(superset_host="0.0.0.0"))  # noqa: S104
    assert "--bind=127.0.0.1:28088" in command(Settings())


def test_a_job_takes_so_much_of_a_cluster() -> None:
    taken = cluster_options(Settings(spark_cores=6, spark_executor_memory="3g"))
    assert (taken["spark.cores.max"], taken["spark.executor.memory"]) == ("6", "3g")
    assert taken["spark.executor.cores"] == "1"
