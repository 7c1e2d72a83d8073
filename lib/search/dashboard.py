"""A picture of optuna-dashboard on a search's storage, for those who cannot click on it now."""

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from lib.search.quiet import quiet
from lib.search.records import SearchError

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 60  # a start of the browser may take, at most
PNG = b"\x89PNG"


def dashboard_picture(storage: Path | str, *, width: int = 1200, height: int = 640) -> bytes:
    """What optuna-dashboard shows of a search: a PNG, drawn by a headless Chromium.

    Args:
        storage: the file that was given to the search; it stays as it is.
        width, height: of the browser's window, in pixels.

    Raises:
        SearchError: there is no such file, no optuna-dashboard or no Chromium (the variable
            CHROMIUM names one, else PATH is searched), or it drew nothing; the message says which.
    """
    if not Path(storage).is_file():
        raise SearchError(f"{storage} is no file; it must be the storage of a search")
    try:
        from optuna_dashboard import wsgi
    except ImportError as error:
        raise SearchError("the dashboard needs the package optuna-dashboard") from error
    named = os.environ.get("CHROMIUM")
    names = [named] if named else BROWSERS
    browser = next(filter(None, map(shutil.which, names)), None)
    if browser is None:
        raise SearchError(f"its picture needs Chromium; there is no {' or '.join(names)} here")
    with quiet():
        journal = JournalStorage(JournalFileBackend(str(storage)))
        with _served(wsgi(journal)) as address:
            return _photograph(browser, f"{address}/dashboard/studies/0", width, height)


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Requests are no news."""


@contextmanager
def _served(application: object) -> Iterator[str]:
    """The address of a web application on this machine."""
    with make_server("127.0.0.1", 0, application, handler_class=_Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _photograph(browser: str, address: str, width: int, height: int) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder, "picture.png")
        command = [
            browser,
            "--headless",
            "--disable-gpu",
            "--hide-scrollbars",
            "--no-first-run",
            "--force-device-scale-factor=1",
            f"--user-data-dir={folder}/profile",
            f"--window-size={width},{height}",
            "--virtual-time-budget=10000",  # milliseconds, of which waiting takes none
            f"--screenshot={picture}",
            *(["--no-sandbox"] if os.geteuid() == 0 else []),  # which refuses to run as root
            address,
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
        except subprocess.TimeoutExpired as error:
            raise SearchError(f"{browser} did not end within {SECONDS} s") from error
        if not picture.is_file() or not picture.read_bytes().startswith(PNG):
            last = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
            raise SearchError(f"{browser} drew no picture: {last[0]}")
        return picture.read_bytes()
