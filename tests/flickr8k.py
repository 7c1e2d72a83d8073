"""A tiny data set in the form of Flickr8k's files."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from lib.datasets.flickr8k import FOLDER, PAGE, PICTURES

THINGS = ("dog", "boy", "ball", "beach")


def _say(k: int, j: int) -> str:
    return f"A {('red', 'green', 'blue')[k % 3]} {THINGS[j % 4]} , seen from afar ."


def write_flickr8k(
    root: Path, count: int, *, caption: Callable[[int, int], str] = _say
) -> dict[str, list[str]]:
    """Write `count` photographs with five captions each; return the captions by file name."""
    folder = root / FOLDER
    (folder / PICTURES).mkdir(parents=True)
    rng, rows, written = np.random.default_rng(0), [], {}
    for k in range(count):
        name = f"{1000 + k}_{k:010x}.jpg"
        noise = rng.integers(0, 256, (60 + k % 3, 90, 3), dtype=np.uint8)
        noise[..., k % 3] |= 128
        Image.fromarray(noise).save(folder / PICTURES / name, quality=90)
        written[name] = [caption(k, j) for j in range(5)]
        url = f"http://www.flickr.com/photos/someone/{1000 + k}/"
        items = "".join(f"<li>{text} </li>" for text in written[name])
        rows.append(f'<tr><td><a href="{url}">{url}</a></td><td><ul>{items}</ul></td></tr>')
    page = f"<html><body><table>{''.join(rows)}</table></body></html>"
    (folder / PAGE).write_text(page, encoding="utf-8")
    return written
