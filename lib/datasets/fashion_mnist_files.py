"""The four files of Fashion-MNIST, verified, from the nearest source that has them.

This module imports no torch, so that a build can check quickly whether anything is missing.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from lib.datasets.downloads import (
    REPOSITORY,
    DownloadError,
    StorageError,
    data_root,
    fetch,
    is_verified,
    read_chunks,
    report_if_wrong,
    store,
)

PACKAGE = "dataset-fashion-mnist"
INSTALLED = Path("/usr/share/datasets/fashion-mnist")
APT = (
    "apt-get",
    "--quiet",
    "-oAPT::Sandbox::User=root",  # otherwise it warns that its own user cannot write where we may
    "-oAcquire::Retries=1",
    "-oAcquire::http::Timeout=20",
)
APT_TIMEOUT = 600  # seconds
# {file: {source: SHA-256}}; Debian's gzip headers lack the name and have a different date, so the
# same data has two digests (a test converts one file into the other).
CHECKSUMS: dict[str, dict[str, str]] = json.loads(
    (REPOSITORY / "data" / "checksums.json").read_text(encoding="utf-8")
)["fashion-mnist"]


def fetch_fashion_mnist(
    *, root: str | Path | None = None, download: bool = True, progress: bool = False
) -> Path:
    """The folder with the four verified files, fetched from the first source that has them.

    Sources, in order: the folder itself, an installed Debian package, Debian's package fetched
    without installing it, torchvision's mirrors. The source used is reported on stderr.

    Args:
        root: as for `load_fashion_mnist`.
        download: False uses only files on this machine.
        progress: show bars on stderr.

    Raises:
        StorageError: the folder cannot be written.
        DownloadError: no source has the files.
    """
    folder = data_root(root) / "fashion-mnist"
    missing = [name for name in CHECKSUMS if not _is_right(folder / name)]
    if not missing:
        return folder
    for name in missing:
        report_if_wrong(folder / name)
    failures = []
    for source, bring in SOURCES.items() if download else [*SOURCES.items()][:1]:
        try:
            bring(folder, missing, progress)
        except StorageError:
            raise
        except DownloadError as error:
            reason = str(error).replace("\n", "\n  ")
            failures.append(f"\n  {source}: {reason}")
        else:
            print(f"Fashion-MNIST came from {source}", file=sys.stderr)
            return folder
    raise DownloadError(
        f"no source has Fashion-MNIST; tried{''.join(failures)}\n"
        f"Connect to a network, install Debian's package {PACKAGE}, or put these files into "
        f"{folder}: {', '.join(missing)}"
    )


def _is_right(path: Path) -> bool:
    return is_verified(path, sha256=CHECKSUMS[path.name].values())


def _from_installed(folder: Path, names: list[str], progress: bool) -> None:
    if not INSTALLED.is_dir():
        raise DownloadError(f"there is no folder {INSTALLED}")
    _copy(INSTALLED, folder, names)


def _from_debian(folder: Path, names: list[str], progress: bool) -> None:
    for tool in ("apt-get", "dpkg"):
        if shutil.which(tool) is None:
            raise DownloadError(f"this machine has no {tool}")
    if progress:
        print(f"Fetching Debian's package {PACKAGE} (31 MB)", file=sys.stderr)
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        _download_package(work)
        package = next(work.glob(f"{PACKAGE}_*.deb"))
        _call(["dpkg", "-x", str(package), "."], work)
        _copy(work / INSTALLED.relative_to("/"), folder, names)


def _from_mirrors(folder: Path, names: list[str], progress: bool) -> None:
    from torchvision.datasets import FashionMNIST  # here, since importing it takes a second

    for name in names:
        urls = [mirror + name for mirror in FashionMNIST.mirrors]
        fetch(urls, folder / name, sha256=CHECKSUMS[name].values(), progress=progress)


SOURCES: dict[str, Callable[[Path, list[str], bool], None]] = {
    "the installed Debian package": _from_installed,
    "Debian's archive": _from_debian,
    "torchvision's mirrors": _from_mirrors,
}


def _copy(source: Path, folder: Path, names: list[str]) -> None:
    for name in names:
        store(read_chunks(source / name), folder / name, sha256=CHECKSUMS[name].values())


def _download_package(work: Path) -> None:
    """Put the package into `work`; if the machine lacks package lists, they go there, too."""
    try:
        _call([*APT, "download", PACKAGE], work)
    except DownloadError as error:
        if "Unable to locate package" not in str(error):
            raise
        for folder in ("state/lists/partial", "cache/archives/partial"):
            (work / folder).mkdir(parents=True)
        own = [f"-oDir::State={work}/state", f"-oDir::Cache={work}/cache"]
        _call([*APT, *own, "update"], work)
        _call([*APT, *own, "download", PACKAGE], work)


def _call(command: list[str], folder: Path) -> None:
    """Run a command quietly in a folder; its output is shown only if it fails."""
    environment = os.environ | {"LC_ALL": "C"}  # its messages in English, see _download_package
    try:
        subprocess.run(
            command,
            cwd=folder,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=APT_TIMEOUT,
        )
    except subprocess.CalledProcessError as error:
        raise DownloadError(f"{command[0]} failed: {error.stderr.strip()}") from error
    except subprocess.TimeoutExpired as error:
        raise DownloadError(f"{command[0]} took longer than {APT_TIMEOUT} s") from error
