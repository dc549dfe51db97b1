"""`python -m medsync.stack.probe`: exit 0 when the web server beside us is ready. For container health checks."""

import http.client
import os
import sys

from medsync.stack.locate import DEFAULT_PORT


def main() -> int:
    """Ask /readyz under a name that ALLOWED_HOSTS lets in."""
    names = [name.strip() for name in os.environ.get("ALLOWED_HOSTS", "").split(",")]
    host = next((name.lstrip(".") for name in names if name and name != "*"), "localhost")
    port = int(os.environ.get("MEDSYNC_PORT") or DEFAULT_PORT)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz", headers={"Host": host})
        return 0 if connection.getresponse().status == 200 else 1
    except (OSError, http.client.HTTPException):
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
