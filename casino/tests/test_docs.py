"""The documents are true: commands run, links lead somewhere, what is named exists, lists are those of the code."""

import ast
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from casino.embedded.processes import free_port, wait_until
from casino.tests.references import LISTS, PROJECT, marked

DOCUMENTS = sorted(path.relative_to(PROJECT) for path in [*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")])
# What would take minutes, or change this very tree, is run in its short form: the same command, which only looks.
SHORTENED = [
    (r"^make (?!run$|help$)([a-z-]+)", r"make --dry-run \1"),
    (r"^(\.venv/bin/python manage\.py simulate .*)$", r"\1 --dry-run"),
    (r"^\.venv/bin/python -m bench\.([a-z_]+).*$", r"test -f bench/\1.py"),
]  # fmt: skip


def blocks(document: Path) -> list[str]:
    text = (PROJECT / document).read_text()
    return re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def shortened(command: str) -> str:
    for long, short in SHORTENED:
        command = re.sub(long, short, command, flags=re.MULTILINE)
    return command


@pytest.fixture
def made_to_run(tmp_path: Path) -> Iterator[str]:
    """``make run``, in a folder and on a port of its own; yields its address."""
    port = str(free_port())
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "DEBUG")}
    log = tmp_path / "run.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            ["make", "run"], cwd=PROJECT, env=kept | {"PORT": port, "CASINO_HOME": str(tmp_path / "home")},
            stdout=file, stderr=file, start_new_session=True,
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        assert wait_until(lambda: f"ready: {url}" in log.read_text() or process.poll() is not None, 200)
        assert process.poll() is None, log.read_text()
        yield url
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(60)


@pytest.mark.slow
@pytest.mark.xdist_group("demo-stack")
def test_a_stranger_can_follow_the_documents_word_by_word(made_to_run: str, tmp_path: Path):
    environment = {
        name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "DEBUG")
    }
    environment |= {"CASINO_HOME": str(tmp_path / "home"), "PORT": made_to_run.rpartition(":")[2]}
    ran = 0
    for document in DOCUMENTS:
        commands = [shortened(block.replace("http://127.0.0.1:8000", made_to_run)) for block in blocks(document)]
        # One shell for a document, as one would follow it; `make run` is what runs already.
        script = "\n".join(command for command in commands if command != "make run\n")
        if not script:
            continue
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script.replace("curl -s ", "curl -sS --fail-with-body --noproxy '*' ")],
            cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=200, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{document}:\n{done.stdout}\n{done.stderr}"
        ran += 1
        if document == Path("README.md"):
            assert '"bet_type"' in done.stdout
            assert "0 broken" in done.stdout
    assert ran >= 2


def test_commands_for_other_machines_are_not_in_blocks_that_are_run():
    assert any(blocks(document) for document in DOCUMENTS)
    for document in DOCUMENTS:
        assert not re.search(r"\b(docker|sudo|apt-get)\b", "".join(blocks(document))), document


def test_what_is_named_with_make_can_be_made():
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    for document in DOCUMENTS:
        named = set(re.findall(r"(?:^|`)make ([a-z-]+)", (PROJECT / document).read_text(), re.MULTILINE))
        assert named - targets == set(), document


def test_links_inside_the_project_lead_somewhere():
    for document in DOCUMENTS:
        text = (PROJECT / document).read_text()
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
            if not link.startswith("http"):
                assert (PROJECT / document).parent.joinpath(link).exists(), f"{document}: {link}"
        for anchor in re.findall(r"\]\(([^)\s]*#[^)\s]+)\)", text):
            path, _, name = anchor.partition("#")
            if not path.startswith("http"):
                there = (PROJECT / document).parent.joinpath(path) if path else PROJECT / document
                heads = re.findall(r"^#+ (.+)$", there.read_text(), re.MULTILINE)
                assert name in {re.sub(r"[^a-z0-9 -]", "", head.lower()).replace(" ", "-") for head in heads}, anchor


def test_the_table_of_where_to_look_names_files_and_symbols_that_exist():
    text = (PROJECT / "docs/architecture.md").read_text()
    table = text[text.index("## Where to look") : text.index("## The way of one bet")]
    places = [place for place in re.findall(r"`([^`]+)`", table) if "/" in place]
    assert len(places) > 25
    for place in places:
        path, _, symbol = place.partition(": ")
        assert (PROJECT / path).exists(), place
        if symbol:
            names = {
                name
                for node in ast.walk(ast.parse((PROJECT / path).read_text()))
                for name in ([node.name] if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) else
                             [target.id for target in ast.walk(node) if isinstance(target, ast.Name)]
                             if isinstance(node, ast.Assign | ast.AnnAssign) else [])
            }  # fmt: skip
            assert symbol in names, place


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_file_that_a_document_names_is_there(document: Path):
    text = (PROJECT / document).read_text()
    named = set(
        re.findall(
            r"`((?:casino|operators|wallets|vip|betting|seeding|deploy|docs|tools|bench|clients)/[\w./-]+)[`:]", text
        )
    )
    missing = {name for name in named if not (PROJECT / name.rstrip(".")).exists()}
    assert missing == set()


@pytest.mark.parametrize("name", LISTS)
def test_a_list_that_is_made_from_the_code_is_up_to_date(name: str):
    path, make = LISTS[name]
    assert marked(name, (PROJECT / path).read_text())[0] == make(), "make references"


def test_every_setting_says_what_it_is():
    table = LISTS["settings"][1]()
    assert [row for row in table.splitlines() if row.endswith("|  |")] == []


def test_every_metric_that_operations_names_exists():
    from casino.api import metrics
    from operators import gauges

    declared = {
        name.removesuffix("_total")
        for collector in vars(metrics).values()
        for name in getattr(collector, "_name", "").split()
    }
    known = declared | {*gauges.MEANINGS, gauges.TASKS, "casino_gauges_up"}
    named = set(re.findall(r"`(casino_\w+)`", (PROJECT / "docs/operations.md").read_text()))
    assert len(named) > 15
    assert {name for name in named if name.removesuffix("_total") not in known} == set()
