"""``make references``: the lists in docs/ that are read off the code, between marks: settings and problem codes."""

import ast
import re
from collections.abc import Callable
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
# What a setting means where the code's own comment is not written for somebody who sets it.
MEANINGS = {
    "CASINO_HOME": "Where the one-command stack keeps its data, logs and state",
    "PORT": "Where the one-command stack answers; of `compose.yaml`, the proxy's port",
    "DATABASE_URL": "PostgreSQL 15 to 18",
    "REDIS_URL": "Redis or Valkey: cache, counters, feeds, Celery's broker, where those name none of their own",
    "CACHE_URL": "Redis for the cache and sessions; `REDIS_URL` unless told otherwise",
    "COUNTERS_URL": "Redis for the rate limits; `REDIS_URL` unless told otherwise",
    "FEEDS_URL": "Redis for the feeds; `REDIS_URL` unless told otherwise",
    "BROKER_URL": "Redis for Celery's messages; `REDIS_URL` unless told otherwise",
    "DEBUG": "A developer's machine: no secrets needed, demo logins, logs in plain text",
    "SECRET_KEY": "Signs cookies and reset links",
    "FIELD_ENCRYPTION_KEYS": "Fernet keys for secrets at rest, newest first, by comma; older ones still decrypt",
    "ALLOWED_HOSTS": "The site's host names, by comma; never `*`, which would open the feeds to every page",
    "SEEDING_ENABLED": "Demo, bots and simulations; jackpots take seeded play while it is on",
    "DEMO_PASSWORD": "Of the demo's logins, which exist only with `DEBUG`",
    "DEMO_WEBHOOK_SECRET": "Of the platform's own accounts with the payment providers, where the demo makes them",
    "PAYOUTS_ENABLED": "Off: approved withdrawals wait to be submitted",
    "TRUSTED_PROXY_COUNT": "How many proxies in front may be believed about the caller's address and scheme",
    "METRICS_TOKEN": "What a scraper of `/metrics` has to show as its Bearer token; empty: nothing",
    "ALLOW_LOOPBACK_SERVICES": "Whether services that an operator names may be in this network, and without TLS",
    "PGBOUNCER": "The database is reached through PgBouncer: nothing is prepared or kept between transactions",
    "DATABASE_CONN_MAX_AGE": "Seconds that a thread keeps its connection; 0: one for each request",
    "DATABASE_POOL_SIZE": "Connections that an ASGI process keeps; 0: one for each thread",
    "REPLICA_URL": "A streaming replica that reports and lists read; money is never decided by it",
    "STAFF_MFA_REQUIRED": "Staff decide about money only in sessions that began with a code of their app",
    "FRONTEND_URL": "The players' front end, for the links in mails",
    "EMAIL_URL": "Outgoing mail, such as `smtp+tls://user:password@host:587`",
    "DEFAULT_FROM_EMAIL": "The sender of mails",
    "SECURE_SSL_REDIRECT": "Whether plain HTTP is sent to HTTPS",
    "CORS_ALLOWED_ORIGINS": "Origins of the players' front ends, by comma; operators name their own in their settings",
    "CSRF_TRUSTED_ORIGINS": "Origins that may change something by session cookie, by comma",
    "LOG_LEVEL": "Of all loggers; logs are JSON lines without `DEBUG`",
}


def settings_table() -> str:
    """A row for each variable that casino/settings.py reads, in its order."""
    text = (PROJECT / "casino/settings.py").read_text()
    lines, rows = text.splitlines(), {}
    for call in (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)):
        name = ast.unparse(call.func)
        if not (name == "_required" or name.startswith("env.")) or not call.args:
            continue
        variable = ast.literal_eval(call.args[0]) if isinstance(call.args[0], ast.Constant) else None
        if variable is None or (variable in rows and name != "_required"):
            continue
        meaning = MEANINGS.get(variable) or _comment_above(lines, call.lineno)
        default = next((ast.unparse(word.value) for word in call.keywords if word.arg == "default"), "")
        told = "**required**" if name == "_required" else f"`{default}`" if len(default) < 40 else "(a fixed one)"
        rows[variable] = (call.lineno, f"| `{variable}` | {told} | {meaning} |")
    assert rows
    return "\n".join(["| variable | default | what |", "|---|---|---|", *(row for _, row in sorted(rows.values()))])


def _comment_above(lines: list[str], number: int) -> str:
    """The comment on or above a line of the settings."""
    own = re.search(r"  # (.+)$", lines[number - 1])
    above = lines[number - 2].strip()
    return own[1] if own else above.removeprefix("# ") if above.startswith("#") else ""


def problem_table() -> str:
    """A row for each code under each status."""
    import casino.urls  # noqa: F401 - loads every refusal
    from casino.api.problem_codes import all_codes

    rows = [f"| `{one.code}` | {one.status} | {one.meaning.replace('|', chr(92) + '|')} |" for one in all_codes()]
    return "\n".join(["| code | status | meaning |", "|---|---|---|", *rows])


LISTS: dict[str, tuple[str, Callable[[], str]]] = {
    "settings": ("docs/operations.md", settings_table),
    "problem codes": ("docs/api.md", problem_table),
}


def marked(name: str, text: str) -> re.Match[str]:
    """What stands between a list's marks in a document."""
    found = re.search(
        rf"(?<=<!-- {name}: made by `make references` -->\n).*?(?=\n<!-- end of {name} -->)", text, re.DOTALL
    )
    assert found, name
    return found


def main() -> None:
    """Write all lists anew."""
    import django

    django.setup()
    for name, (path, make) in LISTS.items():
        document = PROJECT / path
        text = document.read_text()
        place = marked(name, text)
        document.write_text(text[: place.start()] + make() + text[place.end() :])


if __name__ == "__main__":
    import os

    os.environ.setdefault("DEBUG", "1")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "casino.settings")
    main()
