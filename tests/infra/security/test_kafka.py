"""A real broker with TLS, users and rights: who may do what, and what a wrong or expired credential gets."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import get_args

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import TopicAuthorizationFailedError

from infra.security import rights
from infra.security.rights import ensure_rights
from spark_jobs.cluster import Cluster
from streams.delivery import Record
from streams.errors import KafkaAway, KafkaRefused, SecretMissing
from streams.kafka_access import RIGHTS, Principal, admin_options, client_options
from streams.kafka_sender import KafkaSender, Patience
from streams.settings import Settings
from streams.topics import admin_client, list_topics
from tests.infra.security.conftest import ELSEWHERE, TOPIC, SecureKafka, second_home

pytestmark = pytest.mark.servers
QUICK = Patience(acknowledge_seconds=4, room_seconds=2)
PATIENT_ATTEMPTS = 5


def write(settings: Settings, principal: Principal, topic: str = TOPIC) -> int:
    """The offset of one record sent as that principal. Raises KafkaAway."""
    sender = KafkaSender(settings, name="test", principal=principal, patience=QUICK)
    try:
        return sender.send(Record(topic, b"key", b"{}")).result(20).offset
    finally:
        sender.close()


def read(settings: Settings, principal: Principal, topic: str = TOPIC) -> int:
    """How many records that principal reads from the beginning. Raises KafkaError."""
    options = client_options(settings, principal)
    with closing(KafkaConsumer(**options, group_id=None, enable_auto_commit=False)) as consumer:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        return sum(len(records) for records in consumer.poll(timeout_ms=5_000).values())


def create(settings: Settings, principal: Principal, topic: str) -> None:
    options = client_options(settings, principal)
    with closing(KafkaAdminClient(**options)) as admin:
        admin.create_topics({topic: {"num_partitions": 1, "replication_factor": 1}})


def test_every_principal_has_rights() -> None:
    assert set(RIGHTS) == set(get_args(Principal))


@pytest.mark.parametrize("principal", ["gateway", "import", "simulator", "producer"])
def test_who_sends_may_write_and_not_read(secure_kafka: SecureKafka, principal: Principal) -> None:
    assert write(secure_kafka.settings, principal) >= 0
    with pytest.raises(TopicAuthorizationFailedError):
        read(secure_kafka.settings, principal)


@pytest.mark.parametrize("principal", ["stream", "originals"])
def test_who_reads_may_read_and_not_write(secure_kafka: SecureKafka, principal: Principal) -> None:
    write(secure_kafka.settings, "gateway")
    assert read(secure_kafka.settings, principal) >= 1
    with pytest.raises(KafkaRefused, match=f"does not allow minsheng-{principal}"):
        write(secure_kafka.settings, principal)


def test_a_rollup_may_ask_for_offsets_and_not_for_events(secure_kafka: SecureKafka) -> None:
    write(secure_kafka.settings, "gateway")
    with Cluster(secure_kafka.settings, "rollup") as cluster:
        topic = cluster.describe([TOPIC])[TOPIC]
        assert min(cluster.end_offsets(topic.all()).values()) >= 1
    with pytest.raises(TopicAuthorizationFailedError):
        read(secure_kafka.settings, "rollup")


def test_only_set_up_may_create_topics_and_only_its_own(secure_kafka: SecureKafka) -> None:
    settings = secure_kafka.settings
    create(settings, "setup", "events.made_by_setup")
    for principal, topic in (("gateway", "events.made_by_gateway"), ("setup", ELSEWHERE)):
        with pytest.raises(TopicAuthorizationFailedError):
            create(settings, principal, topic)
    assert {topic.name for topic in list_topics(settings)} >= {TOPIC, "events.made_by_setup"}


def test_topics_of_others_are_out_of_reach(secure_kafka: SecureKafka) -> None:
    with closing(KafkaAdminClient(**admin_options(secure_kafka.settings))) as admin:
        if ELSEWHERE not in admin.list_topics():
            admin.create_topics({ELSEWHERE: {"num_partitions": 1, "replication_factor": 1}})
    with closing(KafkaProducer(**admin_options(secure_kafka.settings))) as administrator:
        administrator.send(ELSEWHERE, b"a slip").get(20)
    with pytest.raises(KafkaAway):
        write(secure_kafka.settings, "gateway", ELSEWHERE)
    seen = 0
    with suppress(TopicAuthorizationFailedError):
        seen = read(secure_kafka.settings, "stream", ELSEWHERE)
    assert seen == 0


def test_a_second_call_grants_nothing_and_what_nobody_wants_is_taken(secure_kafka: SecureKafka) -> None:
    settings = secure_kafka.settings
    assert ensure_rights(settings, dry_run=True).granted == ()
    wider = settings.model_copy(update={"topic_prefix": "events."})
    assert ensure_rights(wider).taken == ()


def ways_in(settings: Settings) -> list[Callable[[], object]]:
    def administer() -> None:
        with admin_client(settings) as admin:
            admin.list_topics()

    return [lambda: write(settings, "gateway"), administer, lambda: Cluster(settings).close()]


def assert_refused(settings: Settings, said: str, remedy: str, ways: int = 3) -> None:
    """Every kind of client (or so many of them) fails closed, says why and what to do."""
    for way in ways_in(settings)[:ways]:
        refused = refusal_of(way)
        assert said in refused
        assert remedy in refused
        assert not any(settings.secret(f"kafka_{principal}") in refused for principal in RIGHTS)


def refusal_of(way: Callable[[], object]) -> str:
    """A broker too busy to answer in the client's time is away, which is no refusal: asked once more."""
    for _ in range(PATIENT_ATTEMPTS):
        with suppress(KafkaAway):
            try:
                way()
            except KafkaRefused as refused:
                return str(refused)
            pytest.fail("was not refused")
    pytest.fail(f"no answer in {PATIENT_ATTEMPTS} attempts")


def test_a_wrong_password_is_refused(secure_kafka: SecureKafka, tmp_path: Path) -> None:
    settings = second_home(secure_kafka.settings, tmp_path)
    for principal in RIGHTS:
        (settings.secrets_dir / f"kafka_{principal}").write_text("wrong", encoding="ascii")
    assert_refused(settings, "no such user, or another password", "minsheng certificates rights")


def test_an_unknown_user_is_refused(secure_kafka: SecureKafka, tmp_path: Path) -> None:
    settings = second_home(secure_kafka.settings, tmp_path, kafka_user_prefix="nobody-")
    assert_refused(settings, "no such user, or another password", "minsheng certificates rights")


def test_without_the_secret_nothing_is_tried(secure_kafka: SecureKafka, tmp_path: Path) -> None:
    settings = second_home(secure_kafka.settings, tmp_path)
    (settings.secrets_dir / "kafka_gateway").unlink()
    with pytest.raises(SecretMissing, match="kafka_gateway"):
        write(settings, "gateway")


def test_a_brokers_certificate_that_has_expired_is_refused(secure_kafka: SecureKafka) -> None:
    assert_refused(secure_kafka.at("EXPIRED"), "has expired", "minsheng certificates make")


def test_a_certificate_of_another_authority_is_refused(secure_kafka: SecureKafka) -> None:
    assert_refused(secure_kafka.at("FOREIGN"), "is not signed by", "MINSHENG_CA_FILE")


def test_a_certificate_for_another_name_is_refused(secure_kafka: SecureKafka) -> None:
    assert_refused(secure_kafka.at("OTHERNAME"), "is for other names", "MINSHENG_CERTIFICATE_HOSTS")


def test_plain_text_to_a_tls_listener_is_refused(secure_kafka: SecureKafka) -> None:
    plain = secure_kafka.settings.model_copy(update={"security": "none"})
    assert_refused(plain, "wants TLS", "MINSHENG_SECURITY=tls", ways=1)  # others say it later


def test_tls_to_a_plain_listener_is_refused(secure_kafka: SecureKafka, kafka_bootstrap: str) -> None:
    plain = secure_kafka.settings.model_copy(update={"kafka_bootstrap": kafka_bootstrap})
    assert_refused(plain, "does not speak TLS", "MINSHENG_SECURITY=none")


def test_an_authority_that_is_not_there_is_refused(secure_kafka: SecureKafka, tmp_path: Path) -> None:
    lost = secure_kafka.settings.model_copy(update={"ca_file": tmp_path / "ca.pem"})
    assert_refused(lost, "cannot be read", "minsheng certificates make")


def test_users_are_made_by_nobody_without_the_administrators_certificate(
    secure_kafka: SecureKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rights, "BOOTSTRAP_MS", 2_000)
    settings = second_home(secure_kafka.settings, tmp_path)
    for kind in ("pem", "key"):
        gateway = settings.certificates_dir / f"gateway.{kind}"
        (settings.certificates_dir / f"admin.{kind}").write_bytes(gateway.read_bytes())
    with pytest.raises(KafkaAway):
        ensure_rights(settings)
