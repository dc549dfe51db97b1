"""What the environment chooses for `manage.py up`: where it lives, where it listens, and whether it is the demo."""

import contextlib
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from medsync.stack import locate
from medsync.stack.errors import StackError

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Choices:
    """What the environment says about a start."""

    home: Path
    port: int
    host: str
    demo: bool

    @property
    def base_url(self) -> str:
        """Where a browser on this machine finds the pages."""
        host = self.host
        with contextlib.suppress(ValueError):
            address = ipaddress.ip_address(host)
            host = LOOPBACK if address.is_unspecified else f"[{host}]" if address.version == 6 else host
        return f"http://{host}:{self.port}"


def read_choices(environment: dict[str, str]) -> Choices:
    """Read MEDSYNC_HOME, MEDSYNC_PORT, MEDSYNC_BIND and MEDSYNC_DEMO. Raises StackError."""
    port = environment.get("MEDSYNC_PORT") or str(locate.DEFAULT_PORT)
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise StackError(f"MEDSYNC_PORT must be a port number between 1 and 65535, not {port!r}.")
    demo = environment.get("MEDSYNC_DEMO") or "1"
    if demo not in {"0", "1"}:
        raise StackError(f"MEDSYNC_DEMO must be 1 (demo clinics) or 0 (empty), not {demo!r}.")
    host = environment.get("MEDSYNC_BIND") or LOOPBACK
    if demo == "1" and host != LOOPBACK:
        raise StackError(
            "The demo has a public password and listens on 127.0.0.1 only. "
            "Unset MEDSYNC_BIND, or start without the demo: MEDSYNC_DEMO=0."
        )
    return Choices(home=locate.home(), port=int(port), host=host, demo=demo == "1")
