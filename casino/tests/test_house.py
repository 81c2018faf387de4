"""The rules of the house that a machine can check: sizes, names, one writer of money, one place that scopes rows."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent.parent
APPS = ("casino", "operators", "wallets", "vip", "betting", "seeding")
SOURCES = sorted(
    path.relative_to(PROJECT)
    for app in APPS
    for path in (PROJECT / app).rglob("*.py")
    if "migrations" not in path.parts
)
CODE = [path for path in SOURCES if "tests" not in path.parts]


def trees(paths: list[Path]) -> Iterator[tuple[Path, ast.Module]]:
    for path in paths:
        yield path, ast.parse((PROJECT / path).read_text())


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_a_file_has_at_most_three_hundred_lines_and_says_what_it_owns(path: Path):
    text = (PROJECT / path).read_text()
    assert len(text.splitlines()) <= (700 if "tests" in path.parts else 300)
    assert not text.strip() or ast.get_docstring(ast.parse(text))


def test_a_function_has_at_most_forty_lines():
    long = [
        f"{path}:{node.name}"
        for path, tree in trees(CODE)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno - node.lineno - _doc(node) > 40
    ]
    assert long == []


def _doc(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function's docstring and signature, which do not count."""
    return node.body[0].lineno - node.lineno + (node.body[0].end_lineno - node.body[0].lineno)


def test_no_file_has_a_name_that_says_nothing():
    assert [path for path in SOURCES if path.stem in ("utils", "helpers", "common", "misc")] == []


def test_only_the_ledger_writes_transfers_and_pockets():
    writes = re.compile(
        r"Transfer\.objects\.(create|bulk_create|update|filter\(.*\)\.update)|INSERT INTO wallets_transfer"
    )
    pockets = re.compile(r"UPDATE wallets_wallet\b")
    offenders = [
        path
        for path in CODE
        if path != Path("wallets/ledger.py")
        and (writes.search(text := (PROJECT / path).read_text()) or pockets.search(text))
    ]
    assert offenders == []


def test_the_environment_is_read_in_the_settings_and_by_the_stack_alone():
    readers = [path for path in CODE if re.search(r"os\.(environ|getenv)", (PROJECT / path).read_text())]
    allowed = {"casino/settings.py", "casino/asgi.py", "casino/wsgi.py", "casino/celery.py"}
    elsewhere = {str(path) for path in readers} - allowed
    assert {name for name in elsewhere if not name.startswith(("casino/embedded/", "casino/management/"))} == set()


def test_no_signals_and_no_save_overrides():
    overriding = [
        f"{path}:{node.name}"
        for path, tree in trees(CODE)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and any(isinstance(i, ast.FunctionDef) and i.name == "save" for i in node.body)
    ]
    assert overriding == []
    assert [path for path in CODE if "django.db.models.signals" in (PROJECT / path).read_text()] == []


def test_every_vip_and_money_table_names_its_constraints_as_sentences():
    names = [
        keyword.value.value
        for path, tree in trees([path for path in CODE if path.name.endswith(("models.py", "promotions.py"))])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("UniqueConstraint", "CheckConstraint")
        for keyword in node.keywords
        if keyword.arg == "name" and isinstance(keyword.value, ast.Constant)
    ]
    assert names
    assert [name for name in names if len(name.split("_")) < 3] == []
