"""The files to run it as a service fit the code: settings, commands, ports, and what they ask of a worker."""

import asyncio
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import httpx
import pytest
import yaml
from redis.asyncio import Redis

from hikari_ml.bridge.local_redis import LocalRedis, free_port, redis_server
from hikari_ml.config import Settings
from tests.cli.test_watch import watching

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "examples/deploy"
SERVE = [sys.executable, "-W", "error::ResourceWarning", "-m", "hikari_ml", "serve"]
TOKEN = "0123456789abcdef"
CONTAINER_PORT = 8765


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def unit():
    """The lines of the unit by key."""
    found = {}
    for line in (DEPLOY / "hikari-ml.service").read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


@pytest.fixture(scope="module")
def targets():
    (job,) = yaml.safe_load((DEPLOY / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    (static,) = job["static_configs"]
    return job, static["targets"]


def workers(compose):
    found = [service for name, service in compose["services"].items() if name != "redis"]
    assert len(found) == 2
    return found


def is_serve(words):
    """Whether ``words`` are a command that this version takes."""
    assert words[0] == "serve"
    done = subprocess.run([*SERVE, *words[1:], "--help"], capture_output=True, timeout=60, check=False)
    return done.returncode == 0


def test_the_settings_of_the_worker_are_settings(compose, unit, monkeypatch):
    told = dict(part.split("=") for line in unit["Environment"] for part in line.split())
    for service in workers(compose):
        for name, value in {**told, **service["environment"], "HIKARI_FEED__TOKEN": TOKEN}.items():
            monkeypatch.setenv(name, value)
        chosen = Settings()  # an unknown name would be an error
        assert chosen.feed.port == CONTAINER_PORT
        assert chosen.feed.token.get_secret_value() == TOKEN
        assert chosen.bridge.redis.get_secret_value() == "redis://redis:6379/0"
    assert told["HIKARI_DATA_DIR"] == f"/var/lib/{unit['StateDirectory'][0]}"


def test_nothing_is_published_beyond_this_machine(compose):
    published = [port for service in compose["services"].values() for port in service.get("ports", ())]
    assert len({port.split(":")[1] for port in published}) == len(published) == len(workers(compose))
    for port in published:
        host, _, inside = port.split(":")
        assert (host, int(inside)) == ("127.0.0.1", CONTAINER_PORT)
    assert "ports" not in compose["services"]["redis"]


def test_what_has_to_outlive_a_container_is_in_a_volume(compose):
    dockerfile = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    (data,) = re.findall(r"^ENV HIKARI_DATA_DIR=(\S+)$", dockerfile, re.MULTILINE)
    for service in workers(compose):
        assert service["volumes"] == [f"data:{data}"]
    named = {volume.split(":")[0] for each in compose["services"].values() for volume in each["volumes"]}
    assert named == set(compose["volumes"])


def test_the_image_gets_what_the_package_is_made_of(compose):
    dockerfile = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = {"pyproject.toml", *project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]}
    copied = {
        name for line in re.findall(r"^COPY (.+)$", dockerfile, re.MULTILINE) for name in line.split()[:-1]
    }
    assert copied == needed == {name[1:] for name in ignored if name.startswith("!")}
    assert is_serve(yaml.safe_load(re.search(r"^CMD (.+)$", dockerfile, re.MULTILINE)[1]))
    for service in workers(compose):
        build = service["build"]
        assert (DEPLOY / build["context"]).resolve() == ROOT
        assert (ROOT / build["dockerfile"]).samefile(DEPLOY / "Dockerfile")


def test_the_unit_is_one_that_systemd_takes(unit, tmp_path):
    program, *words = shlex.split(unit["ExecStart"][0])
    assert program.endswith("/hikari-ml")
    assert is_serve(words)
    # Told to all at once, a Redis of its own would end before the worker has finished.
    assert unit["KillMode"] == ["mixed"]
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze here")
    text = (DEPLOY / "hikari-ml.service").read_text(encoding="utf-8").replace(program, sys.executable)
    (tmp_path / "hikari-ml.service").write_text(text, encoding="utf-8")
    checked = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / "hikari-ml.service"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, "")


async def test_the_redis_of_the_composition_starts_with_its_own_command(compose, tmp_path):
    _, *options = compose["services"]["redis"]["command"]
    port = free_port(0)
    where = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(tmp_path)]
    server = await asyncio.create_subprocess_exec(
        redis_server(tmp_path), *where, *options, stdout=subprocess.DEVNULL
    )
    try:
        async with Redis(port=port) as redis:
            for _ in range(200):
                try:
                    told = await redis.config_get("*")
                    break
                except OSError:
                    await asyncio.sleep(0.05)
        assert (told["appendonly"], told["appendfsync"], told["save"]) == ("yes", "everysec", "")
        assert told["maxmemory-policy"] == "noeviction"
        assert int(told["maxmemory"]) == Settings().bridge.redis_memory_mb << 20
        assert told["stream-node-max-entries"] == "1"
        assert f"pubsub {64 << 20} {16 << 20} 60" in told["client-output-buffer-limit"]
    finally:
        server.terminate()
        await server.wait()


async def test_the_healthcheck_and_the_scrape_reach_a_worker(compose, targets, monkeypatch, tmp_path):
    service, port = workers(compose)[0], free_port(0)
    monkeypatch.setattr("tests.cli.test_watch.PROGRAM", SERVE)
    kind, program, *words = service["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "python")
    async with LocalRedis(tmp_path / "redis", 0) as redis:
        for name, value in {
            **service["environment"],
            "HIKARI_BRIDGE__REDIS": redis.url,
            "HIKARI_FEED__PORT": str(port),
            "HIKARI_FEED__TOKEN": TOKEN,
        }.items():
            monkeypatch.setenv(name, value)
        assert await asyncio.to_thread(check, words) != 0
        async with watching() as served:
            await served.until("Ctrl+C ends it")
            assert await asyncio.to_thread(check, words) == 0
            assert await asyncio.to_thread(check, words, HIKARI_FEED__TOKEN="f" * 16) != 0
            await scraped(f"http://127.0.0.1:{port}", targets)
            served.process.terminate()
            assert await served.ended() == 0, served.errors


def check(words, **environment):
    """The exit code of the healthcheck's very command."""
    command, around = [sys.executable, *words], {**os.environ, **environment}
    return subprocess.run(command, env=around, stderr=subprocess.DEVNULL, timeout=60, check=False).returncode


async def scraped(url, targets):
    """Ask as Prometheus would, by the names that it knows the workers by."""
    job, names = targets
    assert job["authorization"]["type"] == "Bearer"
    async with httpx.AsyncClient(trust_env=False) as client:
        for name in names:
            sent = {"Host": name, "Authorization": f"Bearer {TOKEN}"}
            answer = await client.get(url + job["metrics_path"], headers=sent)
            assert (answer.status_code, "hikari_bridge_channels 1.0" in answer.text) == (200, True)
        assert (await client.get(url + job["metrics_path"])).status_code == 401


def test_the_scrape_asks_where_the_workers_are_published(compose, targets):
    published = {port.rpartition(":")[0] for service in workers(compose) for port in service["ports"]}
    assert set(targets[1]) == published
