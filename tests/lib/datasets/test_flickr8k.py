import html
from pathlib import Path

import pytest
import torch
from PIL import Image

from lib.datasets import flickr8k
from lib.datasets.captions import texts
from lib.datasets.downloads import DownloadError
from lib.datasets.flickr8k import (
    PAGE,
    PICTURES,
    as_numbers,
    caption_words,
    has_flickr8k,
    load_flickr8k,
    references,
)
from tests.flickr8k import write_flickr8k


def names(photos):
    return {path.name for path in photos.paths}


def test_every_photograph_is_in_one_split_with_its_captions(tmp_path):
    written = write_flickr8k(tmp_path, 40)
    train, test = (load_flickr8k(split, root=tmp_path) for split in ("train", "test"))
    assert names(train) | names(test) == set(written)
    assert not names(train) & names(test)
    assert 0 < len(test) < len(train)
    for photos in (train, test):
        for path, captions in zip(photos.paths, photos.captions, strict=True):
            assert captions == tuple(written[path.name])


def test_pictures_are_cut_to_squares(tmp_path):
    write_flickr8k(tmp_path, 20)
    images = load_flickr8k("train", root=tmp_path).images([0, 1, 2], size=48)
    assert images.shape == (3, 3, 48, 48)
    assert images.dtype == torch.float32
    assert 0 <= float(images.min()) < float(images.max()) <= 1


def test_a_picture_of_any_mode_is_read(tmp_path):
    write_flickr8k(tmp_path, 8)
    photos = load_flickr8k("train", root=tmp_path)
    for row, mode in enumerate(("L", "CMYK")):
        Image.new(mode, (50, 30)).save(photos.paths[row])
        assert photos.images([row], size=16).shape == (1, 3, 16, 16)


def test_a_caption_becomes_words():
    assert caption_words("A dog's ball , two red-haired boys .") == [
        "a", "dog's", "ball", "two", "red-haired", "boys"
    ]  # fmt: skip


def test_every_caption_becomes_numbers_with_its_photograph(tmp_path):
    write_flickr8k(tmp_path, 20)
    photos = load_flickr8k("train", root=tmp_path)
    target, rows, vocabulary = as_numbers(photos, least=2)
    assert rows.tolist() == [row for row in range(len(photos)) for _ in range(5)]
    assert texts(target, vocabulary)[:5] == references(photos)[0]
    assert references(photos)[0][0].endswith("seen from afar")


def test_the_environment_names_the_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert not has_flickr8k()
    write_flickr8k(tmp_path, 10)
    assert has_flickr8k()
    assert len(load_flickr8k("train")) > 0


def test_missing_files_are_named_with_what_to_do(tmp_path):
    with pytest.raises(DownloadError, match=rf"{PAGE} is missing.*fill"):
        load_flickr8k(root=tmp_path)


def test_a_missing_picture_is_reported(tmp_path):
    written = write_flickr8k(tmp_path, 5)
    (tmp_path / flickr8k.FOLDER / PICTURES / next(iter(written))).unlink()
    with pytest.raises(DownloadError, match="does not have"):
        load_flickr8k(root=tmp_path)


@pytest.mark.parametrize("content", [b"", b"<html>not that page</html>", b"\xff\xfe\x00\x81"])
def test_another_page_is_refused(tmp_path, content):
    write_flickr8k(tmp_path, 5)
    (tmp_path / flickr8k.FOLDER / PAGE).write_bytes(content)
    with pytest.raises(DownloadError, match=PAGE):
        load_flickr8k(root=tmp_path)


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"<html>"])
def test_a_damaged_picture_is_named(tmp_path, damage):
    write_flickr8k(tmp_path, 10)
    photos = load_flickr8k("train", root=tmp_path)
    path: Path = photos.paths[0]
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DownloadError, match=path.name):
        photos.images([0])


def test_markup_in_captions_stays_text(tmp_path):
    text = "a <script>alert(1)</script> & more"
    write_flickr8k(tmp_path, 12, caption=lambda k, j: html.escape(text))
    captions = load_flickr8k("train", root=tmp_path).captions[0]
    assert caption_words(" ".join(captions))[:3] == ["a", "script", "alert"]


def test_an_unknown_split_is_refused():
    with pytest.raises(ValueError, match="got 'validation'"):
        load_flickr8k("validation")
