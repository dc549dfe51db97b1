"""The image and the compose file run the same programs as `manage.py up`."""

import re

import pytest
import yaml

from medsync.stack import parts
from tests.stack.running import PROJECT


@pytest.fixture(scope="module")
def services():
    return yaml.safe_load((PROJECT / "compose.yaml").read_text())["services"]


def test_all_parts_are_there(services):
    assert {"postgres", "valkey", "web", "worker", "beat"} <= set(services)


@pytest.mark.parametrize(
    ("name", "program"), [("web", parts.WEB), ("worker", parts.WORKER), ("beat", parts.BEAT)]
)
def test_programs_are_those_of_up(services, name, program):
    # `python -m uvicorn` and `uvicorn` are the same; values may follow their option by a blank or by =.
    words = " ".join(services[name]["command"]).replace("=", " ").split()
    for word in program[1:]:
        assert word.rstrip("=") in words


def test_everything_secret_comes_from_outside(services):
    for service in services.values():
        for name, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|KEYS|TOKEN|AUTH", name):
                assert value.startswith("${"), name


def test_only_the_proxy_of_the_same_host_gets_in(services):
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published == ["127.0.0.1:${MEDSYNC_PORT:-8000}:8000"]


def test_nothing_serves_before_every_schema_is_migrated(services):
    for name in ("web", "worker", "beat"):
        assert services[name]["depends_on"]["prepare"] == {"condition": "service_completed_successfully"}


def test_our_containers_have_no_rights_to_lose(services):
    dockerfile = (PROJECT / "Dockerfile").read_text()
    assert re.search(r"^USER (?!root)\w+", dockerfile, re.M)
    assert dockerfile.count("FROM ") == 2
    for name in ("prepare", "web", "worker", "beat"):
        assert services[name]["read_only"]
        assert services[name]["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in services[name]["security_opt"]


def test_the_image_is_a_production_without_a_demo():
    dockerfile = (PROJECT / "Dockerfile").read_text()
    assert "MEDSYNC_ENV=production" in dockerfile
    assert "MEDSYNC_DEMO=0" in dockerfile
