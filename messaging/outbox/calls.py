"""The threads of a process that talk to providers. They touch no database: their callers do."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from clinics.tenancy import current_clinic, in_clinic

#: Calls that one process keeps open at once; the provider's connection pool is as big.
CONNECTIONS = 64

T = TypeVar("T")
_pool: tuple[int, ThreadPoolExecutor] | None = None
_pool_lock = threading.Lock()


def submit(call: Callable[[], T]) -> "Future[T]":
    """Run a call to a provider in a thread, as if from the clinic that is entered here."""
    clinic = current_clinic()

    def run() -> T:
        with in_clinic(clinic):  # the built-in phones need to know whose they are
            return call()

    return _threads().submit(run)


def _threads() -> ThreadPoolExecutor:
    global _pool
    with _pool_lock:
        if _pool is None or _pool[0] != os.getpid():  # a forked child has none of its parent's threads
            _pool = (os.getpid(), ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="outbox"))
        return _pool[1]
