"""Serves the built book to this machine only: `python3 tools/serve.py 8000`, or `make serve`.

It uses only the standard library, so that reading needs no environment.
"""

import errno
import functools
import http.server
import sys
from pathlib import Path

BOOK = Path(__file__).resolve().parent.parent / "_build" / "html"


def main(arguments):
    """Serve until Ctrl-C; return 1 or 2 if that is not possible."""
    port = int(arguments[0]) if len(arguments) == 1 and arguments[0].isdigit() else 0
    if not 0 < port < 65536:
        print("PORT must be a number from 1 to 65535; got {}".format(arguments), file=sys.stderr)
        return 2
    if not (BOOK / "index.html").is_file():
        print("No book yet: run 'make book' first.", file=sys.stderr)
        return 1
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(BOOK))
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        print("{}; try another one: make serve PORT={}".format(
            "Port {} is taken".format(port) if error.errno == errno.EADDRINUSE
            else "Port {} cannot be used ({})".format(port, error.strerror), 8000 + port % 1000 + 1,
        ), file=sys.stderr)  # fmt: skip
        return 1
    print("The book is on http://127.0.0.1:{} (Ctrl-C stops)".format(port), flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
