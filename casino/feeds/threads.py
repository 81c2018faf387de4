"""Threads of the feeds' own for what blocks: a slow snapshot delays neither the event loop nor other requests."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import close_old_connections

_Answer = TypeVar("_Answer")
_threads = ThreadPoolExecutor(4, thread_name_prefix="feeds")


async def in_thread(work: Callable[..., _Answer], *arguments: object) -> _Answer:
    """Run ``work`` in one of the threads; the database's connection goes back where it came from."""

    def run() -> _Answer:
        close_old_connections()
        try:
            return work(*arguments)
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(_threads, run)
