"""docker-compose.yml, as compose itself resolves it."""

import json
import re
import subprocess
import tomllib

import pytest
import yaml

from matcher.config import Settings, load_settings
from tests.deploy.places import DEPLOY, ROOT, tool

PINNED = re.compile(r"[\w./-]+:v?\d+\.\d+\.\d+")
OURS = ("matcher", "replay")


@pytest.fixture(scope="module")
def compose():
    command = [tool("docker-compose"), "-f", "docker-compose.yml", "--profile", "*"]
    command += ["config", "--format", "json"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def services(compose):
    return compose["services"]


def test_compose_accepts_the_file_as_it_stands():
    command = [tool("docker-compose"), "-f", "docker-compose.yml", "config", "--quiet"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_all_parts_are_there(services):
    assert set(services) == {"kafka", "topics", "matcher", "replay", "prometheus", "grafana"}


def test_images_are_ours_or_have_a_full_version_as_tag(services):
    for name, service in services.items():
        if name in OURS:
            assert service["image"] == "matcher:local"
        else:
            assert PINNED.fullmatch(service["image"]), service["image"]


def test_the_broker_is_the_version_that_the_suite_runs_on(services):
    pom = (ROOT / "tests/brokers/pom.xml").read_text("utf-8")
    tested = re.search(r"kafka_2\.13</artifactId>\s*<version>([\d.]+)<", pom)
    assert tested
    assert services["kafka"]["image"] == f"apache/kafka:{tested[1]}"
    assert services["topics"]["image"] == services["kafka"]["image"]


def test_ports_are_published_on_the_loopback_alone(services):
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert len(published) == 4
    assert {port["host_ip"] for port in published} == {"127.0.0.1"}


def test_every_service_is_confined_and_bounded(services):
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert int(service["mem_limit"]) > 0, name
        assert service["pids_limit"] > 0, name
        assert not service.get("privileged", False), name


@pytest.mark.parametrize("name", OURS)
def test_the_matcher_cannot_write_outside_tmp(services, name):
    assert services[name]["read_only"] is True
    assert services[name]["tmpfs"] == ["/tmp"]  # noqa: S108  (a mount, no file of ours)
    assert all(volume["read_only"] for volume in services[name].get("volumes", []))


def test_the_matcher_has_time_to_drain(services):
    assert services["matcher"]["stop_grace_period"] == "1m0s"
    closing = 10
    assert Settings().service.drain_timeout + closing < 60


def test_start_order_is_kafka_topics_matcher_replay(services):
    needs = {
        name: {other: need["condition"] for other, need in service.get("depends_on", {}).items()}
        for name, service in services.items()
    }
    assert needs["topics"] == {"kafka": "service_healthy"}
    assert needs["matcher"] == {
        "kafka": "service_healthy",
        "topics": "service_completed_successfully",
    }
    assert needs["replay"] == {"matcher": "service_healthy"}
    for waited_for in ("kafka", "prometheus"):
        assert services[waited_for]["healthcheck"]["test"]


def test_health_checks_hold_no_blank_in_an_argument(services):
    """Some engines split the list again at blanks."""
    for name, service in services.items():
        check = service.get("healthcheck", {})
        for argument in check.get("test") or []:
            assert " " not in argument, name


def test_only_the_demo_profile_replays(services):
    assert services["replay"]["profiles"] == ["demo"]
    assert [name for name, service in services.items() if service.get("profiles")] == ["replay"]


def test_mounted_files_are_in_the_checkout(services):
    for service in services.values():
        for volume in service.get("volumes", []):
            if volume["type"] == "bind":
                assert (ROOT / volume["source"]).exists(), volume["source"]


def test_the_matcher_s_settings_load_and_contradict_nothing(services, monkeypatch):
    for name, value in services["matcher"]["environment"].items():
        monkeypatch.setenv(name, value)
    configuration = load_settings()
    assert configuration.warnings == ()
    assert configuration.settings.kafka.bootstrap_servers == "kafka:19092"


def created_topics():
    script = (DEPLOY / "kafka/create-topics.sh").read_text("utf-8").replace("\\\n", " ")
    return {
        line.split()[1]: dict(re.findall(r"--config ([\w.]+)=(\S+)", line))
        for line in script.splitlines()
        if line.startswith("create ")
    }


def test_the_default_topics_are_created():
    settings = Settings()
    assert set(created_topics()) == {
        *settings.input.topics,
        settings.output.alert_topic,
        settings.output.dead_letter_topic,
    }


def test_output_topics_take_more_than_the_input_and_all_that_the_matcher_may_write(services):
    sizes = {name: int(config["max.message.bytes"]) for name, config in created_topics().items()}
    largest_input = sizes.pop("cloud-audit")
    may_write = int(services["matcher"]["environment"]["MATCHER_OUTPUT__MAX_REQUEST_BYTES"])
    assert largest_input < may_write
    assert all(size >= may_write for size in sizes.values())


def test_the_host_reaches_kafka_by_the_address_that_it_advertises(services):
    environment = services["kafka"]["environment"]
    port = services["kafka"]["ports"][0]
    listener = f"HOST://{port['host_ip']}:{port['published']}"
    assert listener in environment["KAFKA_ADVERTISED_LISTENERS"].split(",")
    names = [item.split("://")[0] for item in environment["KAFKA_LISTENERS"].split(",")]
    mapped = environment["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(",")
    assert [item.split(":")[0] for item in mapped] == names


def test_nobody_can_sign_in_to_grafana_and_a_visitor_only_looks(services):
    environment = services["grafana"]["environment"]
    assert environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert environment["GF_AUTH_DISABLE_LOGIN_FORM"] == "true"
    assert environment["GF_AUTH_BASIC_ENABLED"] == "false"
    assert environment["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"


def test_the_image_has_the_package_s_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    assert f"ARG VERSION={project['version']}\n" in dockerfile


def test_prometheus_scrapes_the_matcher_where_it_listens(services):
    config = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text("utf-8"))
    targets = [
        target
        for job in config["scrape_configs"]
        for static in job["static_configs"]
        for target in static["targets"]
    ]
    port = Settings().http.port
    assert targets == [f"matcher:{port}"]
    assert services["matcher"]["ports"][0]["target"] == port
