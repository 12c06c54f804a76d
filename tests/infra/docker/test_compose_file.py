"""What docker-compose.yml promises of every service, read from the file itself."""

from __future__ import annotations

import re

import pytest

from infra.docker.__main__ import wanted_secrets
from infra.docker.bill import ENVIRONMENTS, SERVER, requirement
from infra.docker.certificates import ISSUED
from infra.docker.profiles import PROFILES
from infra.docker.start import DEFINED
from infra.install.jars import POMS
from infra.kafka_id import kafka_id
from infra.secret_kinds import KINDS
from infra.start_line import version
from streams.kafka_access import RIGHTS, Principal, secret_name
from streams.settings import REPOSITORY, Settings
from tests.infra.docker.compose_file import COMPOSE, DOCKERFILE, FILE, ONCE, SERVICES, source

PUBLISHED = {"gateway", "superset"}
ALONE = {"certificates", "postgres"}
"""Services that are on no network at all."""

ACTS_AS: dict[str, set[Principal]] = {
    "setup": set(RIGHTS),  # it makes them
    "minsheng": set(RIGHTS),  # an administrator's command line, there while it is called
    "gateway": {"gateway"},
    "simulator": {"simulator"},
    "stream": {"stream"},
    "airflow-scheduler": {"rollup"},
}
CERTIFICATES = "/var/lib/minsheng/certificates"
NOT_SETTINGS = {"MINSHENG_PROFILE", "MINSHENG_PUBLISHED"}
VERSION = re.compile(r"(?<![\w.])\d+\.\d+(?:\.\d+)*(?![\w.])")


def locked_versions() -> set[str]:
    """Every version that a lock of Python packages or a pom names."""
    locks = [file.read_text(encoding="utf-8") for file in (REPOSITORY / "infra/locks").glob("*.txt")]
    poms = [file.read_text(encoding="utf-8") for file in (REPOSITORY / "infra/jars").rglob("pom.xml")]
    pinned = {found for text in locks for found in re.findall(r"==(\S+)", text)}
    return pinned | {found for text in poms for found in re.findall(r"<version>([^<$]+)</version>", text)}


def test_no_version_of_a_lock_stands_in_dockerfile_or_compose_file() -> None:
    found = set(VERSION.findall(DOCKERFILE)) | set(VERSION.findall(COMPOSE)) - {version()}
    assert "4.2.0" in locked_versions()
    assert {each for each in found & locked_versions() if "." in each} == set()


def test_images_carry_the_version_of_the_project_and_nothing_is_latest() -> None:
    images = {service["image"] for service in SERVICES.values()}
    assert {image.rsplit(":", 1)[1] for image in images} == {version()}
    assert "latest" not in COMPOSE + DOCKERFILE


def test_each_image_is_built_once_and_is_a_stage_of_the_dockerfile() -> None:
    built = [(each["image"], each["build"]["target"]) for each in SERVICES.values() if "build" in each]
    assert sorted(image for image, _ in built) == sorted({each["image"] for each in SERVICES.values()})
    stages = set(re.findall(r"^FROM \S+ AS (\S+)$", DOCKERFILE, re.MULTILINE))
    assert [(image, stage) for image, stage in built if image != f"minsheng/{stage}:{version()}"] == []
    assert {stage for _, stage in built} <= stages


def test_the_dockerfile_needs_no_registry_but_for_its_base() -> None:
    stages = set(re.findall(r" AS (\S+)$", DOCKERFILE, re.MULTILINE))
    bases = set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) - stages
    assert bases == {"debian:bookworm-slim"}
    assert re.findall(r"syntax=|<<|@sha256|--mount", DOCKERFILE) == []


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_confined(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["init"] is True
    assert "user" not in service  # the image's own, which is not root
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert "privileged" not in service


def test_every_image_has_a_list_of_what_it_is_made_of_and_says_where() -> None:
    stages = dict(re.findall(r"^FROM \S+ AS (\S+)\n(.*?)(?=^FROM|\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL))
    run = {each["build"]["target"] for each in SERVICES.values() if "build" in each}
    lists = {name: re.findall(r"/opt/minsheng/sbom/(\S+)\.cdx\.json", stages[name]) for name in run}
    assert {name: sorted(found) for name, found in lists.items()} == {
        "postgres": ["postgres"],
        "kafka": ["jars-kafka"],
        "stream": ["jars-spark", "stream"],
        "airflow": ["airflow", "jars-spark", "stream"],
        "superset": ["stream", "superset"],
    }
    assert {
        name for name in run if 'LABEL cn.minsheng.sbom="/opt/minsheng/sbom"' not in stages[name]
    } == set()
    made = {*ENVIRONMENTS, "postgres", *(f"jars-{pom.parent.name}" for pom in POMS[1:])}
    assert {name for found in lists.values() for name in found} == made


def test_the_list_of_the_databases_image_is_its_one_package() -> None:
    lock = (REPOSITORY / "infra/locks/stream.txt").read_text(encoding="utf-8")
    lines = requirement(lock, SERVER).splitlines()
    assert lines[0].startswith(f"{SERVER}==")
    assert len(lines) > 1
    assert {line.split(":")[0].strip() for line in lines[1:]} == {"--hash=sha256"}
    with pytest.raises(ValueError, match="no lock has nothing"):
        requirement(lock, "nothing")


def test_no_image_runs_as_root() -> None:
    stages = dict(re.findall(r"^FROM \S+ AS (\S+)\n(.*?)(?=^FROM|\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL))
    run = {each["build"]["target"] for each in SERVICES.values() if "build" in each}
    assert {name for name in run if "\nUSER minsheng\n" not in stages[name]} == set()


@pytest.mark.parametrize("name", sorted(set(SERVICES) - ONCE))
def test_a_service_that_stays_has_a_health_check_and_comes_back(name: str) -> None:
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


def test_only_gateway_and_superset_are_published_and_on_loopback() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published.keys() == PUBLISHED
    defaults = [re.fullmatch(r"\$\{\w+:-([\d.]+):\d+\}:\d+", port) for (port,) in published.values()]
    assert [found.group(1) if found else None for found in defaults] == ["127.0.0.1", "127.0.0.1"]
    assert FILE["networks"]["inside"]["internal"] is True
    outside = {name for name, service in SERVICES.items() if service.get("networks") != ["inside"]}
    assert outside == PUBLISHED | {"check"} | ALONE
    assert {SERVICES[name]["network_mode"] for name in ALONE} == {"none"}


def test_every_service_waits_for_the_check() -> None:
    def waits_for(name: str) -> set[str]:
        needed = SERVICES[name].get("depends_on", {})
        return set(needed).union(*(waits_for(each) for each in needed)) if needed else set()

    assert {name for name in SERVICES if "check" not in waits_for(name)} == {"check"}
    conditions = {
        (needed, how["condition"])
        for service in SERVICES.values()
        for needed, how in service.get("depends_on", {}).items()
    }
    expected = {True: "service_completed_successfully", False: "service_healthy"}
    assert {(needed, how) for needed, how in conditions if how != expected[needed in ONCE]} == set()


def test_secrets_are_files_that_can_be_made_and_stand_in_no_environment() -> None:
    declared = set(wanted_secrets(COMPOSE))
    used = {source(secret) for service in SERVICES.values() for secret in service.get("secrets", [])}
    assert declared == set(FILE["secrets"]) == used
    assert declared == KINDS.keys() | {secret_name(each) for each in RIGHTS} | {"kafka_cluster"}
    assert {source(each) for each in SERVICES["check"]["secrets"]} == declared
    variables = {name for service in SERVICES.values() for name in service.get("environment", {})}
    assert {name for name in variables if re.search("PASSWORD|SECRET|TOKEN", name)} == set()
    assert len(kafka_id()) == 22


def test_every_variable_is_a_setting() -> None:
    variables = {name for service in SERVICES.values() for name in service.get("environment", {})}
    named = {name for name in variables if name.startswith("MINSHENG_")} - NOT_SETTINGS
    assert len(named) > 10
    assert {
        name for name in named if name.removeprefix("MINSHENG_").lower() not in Settings.model_fields
    } == set()


def test_the_variables_of_a_profile_are_those_that_the_file_asks_for() -> None:
    asked = set(re.findall(r"\$\{(\w+)", COMPOSE))
    own = {"MINSHENG_SECRETS", "MINSHENG_GATEWAY_PUBLISHED", "MINSHENG_SUPERSET_PUBLISHED"}
    own.add("MINSHENG_CERTIFICATE_HOSTS")
    for name, profile in PROFILES.items():
        assert asked - own == profile.variables(name).keys() - {"COMPOSE_PROFILES"}
        members = {each for each, service in SERVICES.items() if name in service["profiles"]}
        assert set(profile.brokers) == {each for each in members if each.startswith("kafka-")}
        assert any(each.startswith("spark-") for each in members) == profile.spark_master.startswith("spark:")
        needed = {
            needed
            for each in members
            for needed, how in SERVICES[each].get("depends_on", {}).items()
            if how.get("required", True)
        }
        assert needed <= members


def test_a_service_can_act_in_kafka_only_as_its_purpose_asks_for() -> None:
    passwords = {secret_name(each): each for each in RIGHTS}
    found = {
        name: {passwords[each] for each in map(source, service.get("secrets", [])) if each in passwords}
        for name, service in SERVICES.items()
        if name != "check"
    }
    assert {name: principals for name, principals in found.items() if principals} == ACTS_AS


def test_a_service_has_no_key_but_its_own() -> None:
    """`certificates` alone has the authority's."""
    mounts = {
        name: volume.removesuffix(f":{CERTIFICATES}").removesuffix(f":{CERTIFICATES}:ro")
        for name, service in SERVICES.items()
        for volume in service.get("volumes", [])
        if f":{CERTIFICATES}" in volume
    }
    own = {name: volume for name, volume in mounts.items() if volume != "certificates-clients"}
    brokers = {name: "certificates-kafka" for name in SERVICES if re.fullmatch(r"kafka-\d", name)}
    assert own == brokers | {
        "certificates": "certificates",
        "postgres-tls": "certificates-postgres",
        "gateway": "certificates-gateway",
        "setup": "certificates-admin",
        "minsheng": "certificates-admin",
    }
    written = {each for each in COMPOSE.split('"') if each.endswith(CERTIFICATES)}
    assert written == set()  # read only, but where they are made
    given = {each.split(":")[0] for each in SERVICES["certificates"]["volumes"]}
    assert given == {"certificates", *(f"certificates-{name}" for name in ISSUED)}


def test_every_service_speaks_tls_and_waits_for_its_certificates() -> None:
    def waits_for(name: str) -> set[str]:
        needed = SERVICES[name].get("depends_on", {})
        return set(needed).union(*(waits_for(each) for each in needed)) if needed else set()

    settings = [
        each["environment"] for each in SERVICES.values() if "MINSHENG_HOME" in each.get("environment", {})
    ]
    assert {each["MINSHENG_SECURITY"] for each in settings} == {"tls"}
    assert {each["MINSHENG_POSTGRES_HOST"] for each in settings} == {"postgres-tls"}
    hosts = settings[0]["MINSHENG_CERTIFICATE_HOSTS"].split("}")[1].strip(",").split(",")
    assert set(hosts) == {"gateway", "postgres-tls", *PROFILES["full"].brokers}
    without = {name for name in SERVICES if "certificates" not in waits_for(name)}
    assert without == {
        "check",
        "certificates",
        "postgres",
        "spark-master",
        "spark-worker-1",
        "spark-worker-2",
    }


@pytest.mark.parametrize("name", DEFINED)
def test_every_part_that_can_be_started_is_a_service(name: str) -> None:
    assert SERVICES[name]["command"] == ["python", "-m", "infra.docker.start", name]
