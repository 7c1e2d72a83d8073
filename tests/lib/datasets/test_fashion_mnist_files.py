import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from torchvision.datasets import FashionMNIST

from lib.datasets import fashion_mnist_files as source
from lib.datasets.downloads import REPOSITORY, DownloadError, StorageError
from lib.datasets.fashion_mnist_files import CHECKSUMS, fetch_fashion_mnist

# The dates in the headers of the published gzip files; Debian's packaging took them out.
PUBLISHED = {"train": 1504176606, "t10k": 1504176627}


@pytest.fixture(scope="session")
def real():
    """The folder of the real files, fetched where they are missing."""
    return fetch_fashion_mnist()


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """Four files of a few bytes stand for the real ones; returns the folder that holds them."""
    folder = tmp_path / "usr" / "share" / "tiny"
    folder.mkdir(parents=True)
    checksums = {}
    for name in CHECKSUMS:
        (folder / name).write_bytes(name.encode())
        checksums[name] = {"test": hashlib.sha256(name.encode()).hexdigest()}
    monkeypatch.setattr(source, "CHECKSUMS", checksums)
    monkeypatch.setattr(source, "INSTALLED", tmp_path / "not installed")
    monkeypatch.setattr(source, "SOURCES", dict(source.SOURCES))
    monkeypatch.setattr(FashionMNIST, "mirrors", ["http://127.0.0.1:9/"])
    monkeypatch.setattr(source.shutil, "which", lambda tool: None)
    return folder


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*")}


def test_torchvision_lists_the_same_files():
    assert {name for name, _ in FashionMNIST.resources} == set(CHECKSUMS)


@pytest.mark.parametrize(("name", "md5"), FashionMNIST.resources)
def test_the_published_files_and_debians_differ_in_the_gzip_header_only(real, name, md5):
    """With the name and date put back, Debian's file is the published one, bit for bit."""
    data = (real / name).read_bytes()
    if hashlib.sha256(data).hexdigest() == CHECKSUMS[name]["debian"]:
        stem = name.removesuffix(".gz").encode()
        date = PUBLISHED[name.split("-")[0]].to_bytes(4, "little")
        data = b"\x1f\x8b\x08\x08" + date + b"\0\x03" + stem + b"\0" + data[10:]
    assert hashlib.sha256(data).hexdigest() == CHECKSUMS[name]["zalando"]
    assert hashlib.md5(data).hexdigest() == md5


def test_files_that_are_there_are_used_in_silence(tiny, tmp_path, capsys):
    tiny.rename(tmp_path / "fashion-mnist")
    assert fetch_fashion_mnist(root=tmp_path) == tmp_path / "fashion-mnist"
    assert capsys.readouterr() == ("", "")


def test_an_installed_package_is_used_even_without_downloading(tiny, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(source, "INSTALLED", tiny)
    folder = fetch_fashion_mnist(root=tmp_path / "data", download=False)
    assert contents(folder) == contents(tiny)
    assert capsys.readouterr().err == "Fashion-MNIST came from the installed Debian package\n"


def test_only_what_is_missing_or_damaged_is_brought(tiny, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(source, "INSTALLED", tiny)
    folder = fetch_fashion_mnist(root=tmp_path / "data")
    capsys.readouterr()
    damaged, absent, *kept = sorted(CHECKSUMS)
    (folder / damaged).write_bytes(b"damaged")
    (folder / absent).unlink()
    before = [(folder / name).stat().st_mtime_ns for name in kept]
    fetch_fashion_mnist(root=tmp_path / "data")
    assert contents(folder) == contents(tiny)
    assert [(folder / name).stat().st_mtime_ns for name in kept] == before
    assert f"{folder / damaged} is damaged" in capsys.readouterr().err


def test_a_damaged_package_is_refused(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(source, "INSTALLED", tiny)
    damaged = min(CHECKSUMS)
    (tiny / damaged).write_bytes(b"damaged")
    with pytest.raises(DownloadError, match="the installed Debian package: expected SHA-256"):
        fetch_fashion_mnist(root=tmp_path / "data")
    assert damaged not in contents(tmp_path / "data" / "fashion-mnist")


def test_if_all_sources_fail_one_error_lists_them_and_says_what_to_do(tiny, tmp_path):
    with pytest.raises(DownloadError) as caught:
        fetch_fashion_mnist(root=tmp_path)
    message = str(caught.value)
    assert "the installed Debian package: there is no folder" in message
    assert "Debian's archive: this machine has no apt-get" in message
    assert "torchvision's mirrors: no mirror sent train-images-idx3-ubyte.gz" in message
    assert "\n    http://127.0.0.1:9/train-images-idx3-ubyte.gz: cannot be reached" in message
    assert f"or put these files into {tmp_path / 'fashion-mnist'}" in message


def test_without_downloading_no_other_machine_is_asked(tiny, tmp_path):
    with pytest.raises(DownloadError) as caught:
        fetch_fashion_mnist(root=tmp_path, download=False)
    assert "installed Debian package" in str(caught.value)
    assert "archive" not in str(caught.value)


def test_mirrors_are_the_last_resort(tiny, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(FashionMNIST, "mirrors", ["http://127.0.0.1:9/", f"{tiny.as_uri()}/"])
    folder = fetch_fashion_mnist(root=tmp_path / "data")
    assert contents(folder) == contents(tiny)
    assert capsys.readouterr().err == "Fashion-MNIST came from torchvision's mirrors\n"


def test_a_folder_that_cannot_be_written_ends_the_search(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(source, "INSTALLED", tiny)
    (tmp_path / "data").write_bytes(b"a file where the folder should be")
    with pytest.raises(StorageError, match="cannot write"):
        fetch_fashion_mnist(root=tmp_path / "data")


APT = """#!/bin/sh
# Stands for apt-get: knows the package only once its lists were read into a state of its own.
case "$*" in
    *update) touch "$PWD/state/lists/read" ;;
    *) if [ ! -e state/lists/read ]; then echo "E: Unable to locate package" >&2; exit 100; fi
       touch dataset-fashion-mnist_1_all.deb ;;
esac
"""
DPKG = """#!/bin/sh
# Stands for dpkg -x: unpacks the folder given in TINY.
mkdir -p usr/share && cp -r "$TINY" usr/share/
"""


@pytest.fixture
def debian(tiny, tmp_path, monkeypatch):
    """Puts stand-ins for apt-get and dpkg before the real ones."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, script in (("apt-get", APT), ("dpkg", DPKG)):
        (programs / name).write_text(script)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("TINY", str(tiny))
    monkeypatch.setattr(source.shutil, "which", lambda tool: str(programs / tool))
    monkeypatch.setattr(source, "INSTALLED", Path("/usr/share/tiny"))
    return programs


def test_debians_archive_is_asked_after_reading_missing_lists(debian, tiny, tmp_path, capsys):
    folder = fetch_fashion_mnist(root=tmp_path / "data")
    assert contents(folder) == contents(tiny)
    assert capsys.readouterr().err == "Fashion-MNIST came from Debian's archive\n"


def test_what_apt_says_is_passed_on(debian, tmp_path):
    (debian / "apt-get").write_text("#!/bin/sh\necho 'E: Temporary failure' >&2\nexit 100\n")
    with pytest.raises(
        DownloadError, match="Debian's archive: apt-get failed: E: Temporary failure"
    ):
        fetch_fashion_mnist(root=tmp_path / "data")


def test_finding_that_nothing_is_missing_needs_no_torch(real):
    program = """
import sys
from lib.datasets.fashion_mnist_files import fetch_fashion_mnist
print(fetch_fashion_mnist())
sys.exit('torch' in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(real)


def test_the_data_card_states_the_same_digests():
    card = (REPOSITORY / "data" / "README.md").read_text(encoding="utf-8")
    for name, digests in CHECKSUMS.items():
        assert f"| `{name}` | `{digests['zalando']}` | `{digests['debian']}` |" in card
