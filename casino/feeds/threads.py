"""Threads of the feeds' own for what blocks: a slow snapshot keeps neither the event loop nor other requests waiting."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import close_old_connections

_threads = ThreadPoolExecutor(4, thread_name_prefix="feeds")


async def in_thread[**P, T](work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T: ...
