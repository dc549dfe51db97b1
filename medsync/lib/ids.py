"""Identifiers: time-ordered UUIDs made in Python, so that a row knows its id before it is stored."""

import os
import threading
import time
import uuid
from datetime import datetime

_lock = threading.Lock()
_last = 0


def new_id() -> uuid.UUID:
    """Return a UUID version 7 (RFC 9562): millisecond time first, increasing within this process."""
    global _last
    with _lock:
        # 12 bits below the millisecond keep the ids of one process in the order they were made.
        stamp = max(time.time_ns() * 4096 // 1_000_000, _last + 1)
        _last = stamp
    milliseconds, fraction = stamp >> 12, stamp & 0xFFF
    random_bits = int.from_bytes(os.urandom(8)) & 0x3FFF_FFFF_FFFF_FFFF
    return uuid.UUID(int=(milliseconds << 80) | (0x7 << 76) | (fraction << 64) | (0b10 << 62) | random_bits)


def lowest_id(at: datetime) -> uuid.UUID:
    """Return the bound below which no id lies that was made at that time or later: a primary key finds by time."""
    return uuid.UUID(int=int(at.timestamp() * 1000) << 80)


def id_in(text: str) -> uuid.UUID | None:
    """Return the id that a text from outside is, None for whatever is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
