"""What a broker of the cluster is told follows from its number and the names of all."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.docker.broker import folder_id, node
from infra.security.broker import CLIENTS, CONTROLLER, INTERNAL, secure_properties

CLUSTER = "AAAAAAAAAAAAAAAAAAAAAA"


def properties(home: Path, number: int, names: str) -> dict[str, str]:
    (home / "secrets").mkdir(exist_ok=True)
    (home / "secrets" / "kafka_cluster").write_text(f"{CLUSTER}\n", encoding="ascii")
    environment = {"KAFKA_NODE": str(number), "KAFKA_NODES": names, "KAFKA_HEAP": "320m"}
    return node(environment, home).properties()


def test_three_brokers_keep_three_replicas_of_which_two_must_have_a_record(tmp_path: Path) -> None:
    told = properties(tmp_path, 2, "kafka-1,kafka-2,kafka-3")
    replicas = {name: value for name, value in told.items() if name.endswith("replication.factor")}
    in_sync = {name: value for name, value in told.items() if name.endswith(("min.isr", "insync.replicas"))}
    assert (len(replicas), set(replicas.values())) == (4, {"3"})
    assert (len(in_sync), set(in_sync.values())) == (3, {"2"})
    assert told["node.id"] == "2"
    assert told["advertised.listeners"].startswith("CLIENTS://kafka-2:9092,INTERNAL://kafka-2:9094,")
    assert told["controller.quorum.bootstrap.servers"] == "kafka-1:9093,kafka-2:9093,kafka-3:9093"


def test_one_broker_keeps_what_it_acknowledges(tmp_path: Path) -> None:
    told = properties(tmp_path, 1, "kafka-1")
    assert {value for name, value in told.items() if name.endswith("replication.factor")} == {"1"}
    assert told["min.insync.replicas"] == "1"
    assert told["log.flush.interval.messages"] == "1"


def test_every_broker_knows_the_same_voters(tmp_path: Path) -> None:
    properties(tmp_path, 1, "a,b,c")
    environment = {"KAFKA_NODES": "a,b,c", "KAFKA_HEAP": "320m"}
    voters = {node({**environment, "KAFKA_NODE": number}, tmp_path).voters() for number in "123"}
    assert len(voters) == 1
    assert [voter.split(":")[0] for voter in voters.pop().split(",")] == ["1@a", "2@b", "3@c"]
    assert len({folder_id(CLUSTER, number) for number in (1, 2, 3)}) == 3
    assert len(folder_id(CLUSTER, 1)) == 22


def test_a_broker_that_falls_silent_is_given_up_within_seconds(tmp_path: Path) -> None:
    told = properties(tmp_path, 1, "a,b,c")
    assert int(told["broker.heartbeat.interval.ms"]) * 3 <= int(told["broker.session.timeout.ms"]) <= 5_000


def test_a_broker_is_secured_as_the_local_one_in_secure_mode(tmp_path: Path) -> None:
    told = properties(tmp_path, 1, "kafka-1,kafka-2,kafka-3")
    local = secure_properties(tmp_path / "kafka" / "keystore.pem", tmp_path / "certificates" / "ca.pem")
    assert {name: told.get(name) for name in local} == local
    assert local["allow.everyone.if.no.acl.found"] == "false"
    assert "PLAINTEXT" not in " ".join(told.values())
    assert {each.split("://")[0] for each in told["listeners"].split(",")} == {CLIENTS, INTERNAL, CONTROLLER}


def test_a_broker_without_its_certificate_does_not_start(tmp_path: Path) -> None:
    properties(tmp_path, 1, "kafka-1")
    (tmp_path / "kafka").mkdir()
    environment = {"KAFKA_NODE": "1", "KAFKA_NODES": "kafka-1", "KAFKA_HEAP": "320m"}
    with pytest.raises(FileNotFoundError, match=r"kafka\.key"):
        node(environment, tmp_path).prepare()
    assert not (tmp_path / "kafka" / "server.properties").exists()


def test_a_missing_name_says_so(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        node({}, tmp_path)
