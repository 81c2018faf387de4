"""The supervisor and the stack's house-keeping, tried with children that do nothing."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from casino import embedded, stack, supervisor
from casino.embedded import processes
from casino.supervisor import Child, StackError, StopRequested, Supervisor

SLEEP = "import time; time.sleep(60)"
# A child with a child of its own, which outlives it.
PARENT = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEP!r}]).wait()"


def child(name: str, code: str, refusal: Callable[[], str] = lambda: "") -> Child:
    """A child that runs a piece of Python."""
    command = [sys.executable, "-c", code]
    return Child(name, partial(supervisor.spawn, command, dict(os.environ), Path("/")), refusal, stop_seconds=2)


class Reports(list[str]):
    """What the supervisor reported; ``until`` calls back at the line that contains a text."""

    def __init__(self) -> None:
        self.text, self.callback = "\0", lambda: None

    def until(self, text: str, callback: Callable[[], None]) -> None:
        self.text, self.callback = text, callback

    def __call__(self, line: str) -> None:
        self.append(line)
        if self.text in line:
            self.callback()


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def boss(tmp_path: Path, reports: Reports) -> Iterator[Supervisor]:
    """A supervisor whose children are gone after the test."""
    boss = Supervisor(tmp_path / "logs", reports)
    yield boss
    boss.stop()


@contextmanager
def left_running(code: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own that its supervisor left behind."""
    process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    try:
        yield process
    finally:
        processes.end(process, signal.SIGKILL, 1)


def pid_of(boss: Supervisor, name: str) -> int:
    process = next(one.process for one in boss.watched if one.child.name == name)
    assert process is not None
    return process.pid


def test_children_are_started_in_order_and_awaited(boss: Supervisor, reports: Reports) -> None:
    answers = iter(["not yet", "not yet", ""])
    boss.start(child("first", SLEEP, lambda: next(answers)))
    boss.start(child("second", SLEEP))
    assert [line.split()[:2] for line in reports] == [["first", "ready"], ["second", "ready"]]


def test_a_child_that_stops_while_starting_ends_the_start_with_its_last_words(boss: Supervisor) -> None:
    with pytest.raises(StackError, match=r"first stopped while starting.*\n.*out of cards"):
        boss.start(child("first", "raise SystemExit('out of cards')", lambda: "not yet"))


def test_a_killed_child_comes_back_and_is_reported(boss: Supervisor, reports: Reports) -> None:
    published: list[dict[str, int]] = []
    boss.publish = lambda pids: published.append(dict(pids))
    boss.start(child("web", SLEEP))
    before = pid_of(boss, "web")
    os.kill(before, signal.SIGKILL)
    reports.until("web is back", boss.request_stop)
    boss.watch()
    assert reports[1] == "web was killed by SIGKILL; it is started again"
    assert published == [{"web": before}, {}, {"web": pid_of(boss, "web")}]


def test_what_a_killed_child_started_is_killed_before_it_comes_back(boss: Supervisor, reports: Reports) -> None:
    boss.start(child("worker", PARENT))
    before = pid_of(boss, "worker")
    assert processes.wait_until(lambda: len(processes.group_members(before)) == 2, 10)
    os.kill(before, signal.SIGKILL)
    reports.until("worker is back", boss.request_stop)
    boss.watch()
    assert processes.wait_until(lambda: not processes.group_members(before), 5)


def test_a_child_that_keeps_dying_stops_the_stack_with_its_last_words(
    boss: Supervisor, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(supervisor, "FIRST_DELAY_SECONDS", 0.01)
    boss.start(child("web", "import time; time.sleep(0.2); raise SystemExit('out of cards')"))
    with pytest.raises(
        StackError, match=r"web stopped by itself \(exit code 1\), for the 5th time in 30 s; .*"
    ) as caught:
        boss.watch()
    assert str(caught.value).endswith("out of cards")
    assert sum("started again" in line for line in reports) == 4


def test_a_stop_ends_the_last_started_first_and_leaves_nothing(boss: Supervisor, tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    says_goodbye = (
        "import signal, sys, time\n"
        "def leave(*_):\n"
        f"    print({{name!r}}, file=open({str(diary)!r}, 'a')); sys.exit()\n"
        "signal.signal(signal.SIGTERM, leave)\n"
        f"open({str(tmp_path)!r} + '/' + {{name!r}}, 'w').close()\n"
        "time.sleep(60)"
    )
    for name in ("database", "web"):
        here = tmp_path / name
        boss.start(child(name, says_goodbye.format(name=name), lambda here=here: "" if here.exists() else "not yet"))
    pids = [pid_of(boss, name) for name in ("database", "web")]
    boss.stop()
    assert diary.read_text().split() == ["web", "database"]
    assert not any(processes.group_members(pid) for pid in pids)


def test_a_child_that_ignores_the_stop_is_killed_with_its_children(boss: Supervisor, tmp_path: Path) -> None:
    boss.start(child("deaf", "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + PARENT))
    pid = pid_of(boss, "deaf")
    assert processes.wait_until(lambda: len(processes.group_members(pid)) == 2, 10)
    boss.stop()
    assert processes.wait_until(lambda: not processes.group_members(pid), 5)


def test_a_stop_asked_for_during_the_start_is_heard(boss: Supervisor) -> None:
    def refuse() -> str:
        boss.request_stop()
        return "not yet"

    with pytest.raises(StopRequested):
        boss.start(child("slow", SLEEP, refuse))


def test_a_job_that_fails_shows_the_end_of_its_log(boss: Supervisor) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no such table')"]
    with pytest.raises(StackError, match=r"migrate failed, see .*\nno such table"):
        boss.run("migrate", command, dict(os.environ), Path("/"))


def test_a_second_stack_in_the_same_folder_is_refused_in_one_sentence(tmp_path: Path) -> None:
    first, second = (stack.locked(tmp_path, f"http://127.0.0.1:{port}") for port in (8000, 8001))
    with first, pytest.raises(StackError) as caught, second:
        pass
    assert str(caught.value) == (
        f"The casino is already running in {tmp_path}: http://127.0.0.1:8000, process {os.getpid()}."
    )
    with stack.locked(tmp_path, "http://127.0.0.1:8001"):
        pass


def test_a_taken_port_is_refused_in_one_sentence_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StackError) as caught:
            stack.run(stack.Plan(tmp_path, port, environment={}, jobs={}), lambda line: None)
    assert str(caught.value).startswith(f"Port {port} is taken by another program")
    assert not (tmp_path / "postgres").exists()


def test_what_a_killed_supervisor_left_running_is_stopped(tmp_path: Path) -> None:
    with left_running(PARENT) as orphan:
        embedded.write_state(tmp_path, embedded.Urls("", ""), {"supervisor": 1, "worker": orphan.pid})
        stack.clear_leftovers(tmp_path)
        assert orphan.wait(5) == -signal.SIGTERM
        assert not processes.group_members(orphan.pid)


def test_a_bystander_that_got_the_pid_of_a_leftover_is_left_alone(tmp_path: Path) -> None:
    with left_running(SLEEP) as bystander:
        embedded.write_state(tmp_path, embedded.Urls("", ""), {"worker": bystander.pid})
        state_file = tmp_path / "stack.json"
        state_file.write_text(state_file.read_text().replace(processes.began_at(bystander.pid), "1"))
        stack.clear_leftovers(tmp_path)
        assert bystander.poll() is None
