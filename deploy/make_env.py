"""``python3 deploy/make_env.py``: write .env for compose.yaml from .env.example, with secrets of its own.

Needs nothing but Python's standard library. Never touches an .env that is there.
"""

import base64
import os
import secrets
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
SECRETS = {
    "POSTGRES_PASSWORD": lambda: secrets.token_hex(24),
    "SECRET_KEY": lambda: secrets.token_urlsafe(48),
    "FIELD_ENCRYPTION_KEYS": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
}


def filled(example: str) -> str:
    """The example with a fresh secret behind each name of SECRETS that stands there without a value."""
    lines = []
    for line in example.splitlines():
        name, is_setting, value = line.partition("=")
        lines.append(f"{name}={SECRETS[name]()}" if is_setting and not value and name in SECRETS else line)
    return "\n".join(lines) + "\n"


def main(folder: Path) -> str:
    """Write ``folder``/.env, readable by its owner alone; answers a complaint, or nothing."""
    text = filled((PROJECT / ".env.example").read_text())
    try:
        handle = os.open(folder / ".env", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return f"{folder / '.env'} is there already; it is left as it is."
    with os.fdopen(handle, "w") as file:
        file.write(text)
    return ""


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else PROJECT) or 0)
