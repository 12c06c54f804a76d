"""What an installation may set, read once from the environment when a process starts."""

from __future__ import annotations

import re
import sys
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from streams.errors import SecretMissing, SettingRefused

REPOSITORY = Path(__file__).resolve().parent.parent
PREFIX = "MINSHENG_"

Port = Annotated[int, Field(ge=1, le=65_535)]
SslMode = Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]
JavaMemory = Annotated[str, Field(pattern=r"\A[1-9][0-9]*[kmgKMG]\z")]


class Settings(BaseSettings):
    """Every setting is an environment variable `MINSHENG_<NAME>`; the defaults are the local stack.

    Secrets are files of mode 0600 in `secrets_dir`, made at installation, unless set in the environment.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    def __init__(self, **values: Any) -> None:
        """Read the environment; `values` go before it. Raises SettingRefused, which names every setting."""
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise SettingRefused(_refusal(error)) from None

    home: Path = Field(REPOSITORY / ".minsheng", description="where everything of this installation is kept")
    jars_dir: Path = Field(REPOSITORY / ".jars", description="jars of Kafka and of Spark's connectors")
    contracts_dir: Path = Field(REPOSITORY / "streams" / "contracts", description="folder of contract files")

    security: Literal["none", "tls"] = Field(
        "none",
        description="`tls`: Kafka over TLS with a user and rights for each part, the gateway over HTTPS,"
        " PostgreSQL elsewhere over TLS",
    )
    ca_file: Path | None = Field(
        None, description="whom servers' certificates are checked against (PEM); default: certificates/ca.pem"
    )
    certificate_hosts: str = Field(
        "localhost,127.0.0.1", description="names and addresses that certificates made here are for"
    )
    certificate_days: int = Field(
        397, ge=1, le=825, description="for how long a certificate made here is good; renewed a month before"
    )

    kafka_bootstrap: str = Field("127.0.0.1:29092", description="Kafka brokers, host:port, comma separated")
    kafka_local: bool = Field(True, description="whether the broker is a part of the local stack")
    kafka_controller_port: Port = Field(29093, description="loopback port of the local broker's controller")
    kafka_admin_bootstrap: str = Field(
        "127.0.0.1:29094",
        description="with `tls`: brokers' listener for certificates; users and rights are made there",
    )
    kafka_user_prefix: str = Field(
        "minsheng-",
        description="with `tls`: a part's user in Kafka is this and its name, as minsheng-gateway",
    )
    kafka_heap: JavaMemory = Field("512m", description="Java heap of the local broker")
    kafka_request_seconds: float = Field(
        30, ge=1, description="after which a request that a broker leaves unanswered is sent anew"
    )
    topic_prefix: str = Field("events.", description="a source's topic is this and the source's name")
    topic_partitions: int = Field(
        2, ge=1, description="partitions of a topic, at most the contract's own number"
    )
    topic_replication: int = Field(1, ge=1, description="replicas of each topic partition")

    postgres_local: bool = Field(
        True,
        description="whether the embedded server is a part of the local stack; if not, any PostgreSQL >= 15",
    )
    postgres_host: str = "127.0.0.1"
    postgres_port: Port = 25432
    postgres_database: str = "minsheng"
    postgres_user: str = Field("minsheng", description="owner of live, mart, ops and ref")
    postgres_password: SecretStr | None = Field(None, description="default: file `postgres` of secrets_dir")
    postgres_reader: str = Field("reader", description="role that can only read; dashboards use it")
    postgres_superuser: str = Field("postgres", description="role that makes databases and roles")
    postgres_superuser_password: SecretStr | None = Field(
        None, description="default: file `postgres_superuser` of secrets_dir, which is the embedded server's"
    )
    postgres_sslmode: SslMode | None = Field(
        None,
        description="libpq's sslmode; default: verify-full with `tls` and PostgreSQL elsewhere, else libpq's",
    )

    gateway_host: str = "127.0.0.1"
    gateway_port: Port = 28080
    gateway_certificate: Path | None = Field(
        None, description="the gateway's certificate (PEM); default with `tls`: certificates/gateway.pem"
    )
    gateway_key: Path | None = Field(
        None, description="... and its private key; default with `tls`: certificates/gateway.key"
    )
    gateway_max_body_bytes: int = Field(2**20, ge=1, description="a request's body on the wire, at most")
    gateway_max_inflated_bytes: int = Field(2**23, ge=1, description="a request's body after gunzip, at most")
    gateway_max_batch: int = Field(1_000, ge=1, description="events of one request, at most")
    gateway_max_depth: int = Field(16, ge=3, description="levels of nesting in a request's JSON, at most")
    gateway_timeout_seconds: float = Field(
        20, gt=0, description="time for a request's body, then for its answer"
    )
    gateway_acknowledge_seconds: float = Field(10, ge=1, description="after which Kafka counts as away")
    gateway_poll_seconds: float = Field(2, gt=0, description="how soon a newly deployed contract is seen")
    superset_host: str = Field("127.0.0.1", description="address that Superset listens on")
    superset_port: Port = 28088
    airflow_host: str = Field("127.0.0.1", description="address that Airflow's API listens on")
    airflow_address: str = Field("127.0.0.1", description="name by which others reach Airflow's API")
    airflow_port: Port = 28090
    airflow_rollup_slots: int = Field(1, ge=1, description="rollups at a time; each takes a Spark of its own")
    status_port: Port = Field(28070, description="status page, Data Docs")

    spark_master: str = Field("local[2]", description="Spark master; the code path is the same on a cluster")
    spark_driver_memory: JavaMemory = "2g"
    spark_class_archive: Path = Field(
        REPOSITORY / ".venvs" / "spark-classes" / "archive.jsa",
        description="classes as Spark's JVM has loaded them once; jobs start without it where it is missing",
    )
    spark_cores: int = Field(2, ge=1, description="cores that a job takes of a cluster, one an executor")
    spark_executor_memory: JavaMemory = Field("1g", description="Java heap of an executor on a cluster")
    live_max_offsets_per_trigger: int = Field(
        400_000, ge=1, description="events one live batch takes at most"
    )
    live_trigger_ms: int = Field(
        200, ge=0, description="a live batch begins this often where there is something new"
    )
    live_metadata_max_age_ms: int = Field(2_000, ge=100, description="how soon a new topic is seen")
    archive_trigger_seconds: int = Field(60, ge=1, description="how often the archive query writes the lake")
    archive_max_events: int = Field(
        1_000_000, ge=1, description="events one step of the archive writes at most"
    )
    lake_retention_days: int = Field(
        730, ge=90, description="for how many days after they were received the lake keeps events"
    )
    ops_retention_days: int = Field(
        400, ge=90, description="for how many days quarantine and validations of days are kept"
    )
    airflow_retention_days: int = Field(
        30, ge=1, description="for how many days Airflow's runs and the logs of their tasks are kept"
    )
    claim_days: int = Field(60, ge=1, description="for how many event days ids are remembered live")

    @cached_property
    def secrets_dir(self) -> Path:
        return self.home / "secrets"

    @property
    def certificates_dir(self) -> Path:
        return self.home / "certificates"

    @property
    def is_secure(self) -> bool:
        return self.security == "tls"

    @property
    def authority(self) -> Path:
        """Certificates (PEM) that servers' own are checked against."""
        return self.ca_file or self.certificates_dir / "ca.pem"

    @property
    def gateway_tls(self) -> tuple[Path, Path] | None:
        """Certificate and key that the gateway answers with; None: plain HTTP. Raises SettingRefused."""
        if (self.gateway_certificate is None) != (self.gateway_key is None):
            raise SettingRefused(
                "Of MINSHENG_GATEWAY_CERTIFICATE and MINSHENG_GATEWAY_KEY one is set and the other is not:"
                " set both, or neither."
            )
        if self.gateway_certificate is not None and self.gateway_key is not None:
            return self.gateway_certificate, self.gateway_key
        folder = self.certificates_dir
        return (folder / "gateway.pem", folder / "gateway.key") if self.is_secure else None

    @property
    def gateway_url(self) -> str:
        """Where the gateway is asked from the same machine."""
        host = self.gateway_host
        host = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 (compared)
        return f"{'https' if self.gateway_tls else 'http'}://{host}:{self.gateway_port}"

    @property
    def postgres_tls(self) -> dict[str, str]:
        """libpq's parameters about TLS; none where it goes by libpq's own defaults."""
        mode = self.postgres_sslmode
        if mode is None and self.is_secure and not self.postgres_local:
            mode = "verify-full"
        if mode is None:
            return {}
        checks = mode.startswith("verify")
        return {"sslmode": mode, **({"sslrootcert": str(self.authority)} if checks else {})}

    @property
    def postgres_environment(self) -> dict[str, str]:
        """The same as variables that libpq and asyncpg read: for programs that are given an address only."""
        return {f"PG{name.upper()}": value for name, value in self.postgres_tls.items()}

    @cached_property
    def lake_dir(self) -> Path:
        return self.home / "lake"

    def secret(self, name: str) -> str:
        """The secret of that name, made at installation. Raises SecretMissing."""
        file = self.secrets_dir / name
        try:
            return file.read_text(encoding="utf-8").strip()
        except FileNotFoundError as error:
            raise SecretMissing(
                f"There is no secret {file}: this installation was never started (`minsheng up` makes"
                " secrets), or MINSHENG_HOME names another one (`minsheng status`)."
            ) from error

    @cached_property
    def superuser_dsn(self) -> str:
        """libpq connection string of the role that makes databases and roles."""
        own = self.postgres_superuser_password
        password = own.get_secret_value() if own is not None else self.secret("postgres_superuser")
        return self._dsn(self.postgres_superuser, password, "postgres")

    def metadata_dsn(self, name: str) -> str:
        """libpq connection string of the database that Airflow or Superset keep their own tables in."""
        return self._dsn(name, self.secret(name), name)

    @cached_property
    def postgres_dsn(self) -> str:
        """libpq connection string of the owner."""
        return self._dsn(self.postgres_user, self._password())

    @cached_property
    def reader_dsn(self) -> str:
        """libpq connection string of the role that can only read."""
        return self._dsn(self.postgres_reader, self.secret("reader"))

    def _password(self) -> str:
        if self.postgres_password is not None:
            return self.postgres_password.get_secret_value()
        return self.secret("postgres")

    def _dsn(self, user: str, password: str, database: str | None = None) -> str:
        parameters = {
            "host": self.postgres_host,
            "port": str(self.postgres_port),
            "dbname": database or self.postgres_database,
            "user": user,
            "password": password,
            **self.postgres_tls,
        }
        return " ".join(f"{name}={_quoted(value)}" for name, value in parameters.items())


def settings_or_exit() -> Settings:
    """For a process of the platform: where a setting is refused it ends with 2, and says so in one line."""
    try:
        return Settings()
    except SettingRefused as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None


def _quoted(value: str) -> str:
    """A value in a libpq connection string: quoted where it has more than plain letters."""
    if re.fullmatch(r"[\w.:/@%+-]+", value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _refusal(error: ValidationError) -> str:
    """One sentence for each refused setting: its variable, its value, what it must be, its default."""
    sentences = []
    for each in error.errors():
        name = str(each["loc"][0])
        field = Settings.model_fields[name]
        about = f" ({field.description})" if field.description else ""
        expected = each["msg"][:1].lower() + each["msg"][1:]
        sentences.append(
            f"{PREFIX}{name.upper()} is {each['input']!r}{about}: {expected}."
            f" Correct it, or unset it: the default is {field.default}."
        )
    return "\n".join(sentences)
