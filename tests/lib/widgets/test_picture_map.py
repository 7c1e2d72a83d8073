import io
import json
from base64 import b64decode

import numpy as np
import pytest
import torch
from PIL import Image

from lib.widgets import PictureMap
from lib.widgets.picture_map import MAX_NEIGHBORS, MAX_PICTURES

PLACES = [[0, 0], [10, 0], [10, 5], [0, 5], [5, 2]]


def make(count=5, side=8, **changes):
    images = torch.linspace(0, 1, count).view(-1, 1, 1, 1).expand(-1, 3, side, side)
    arguments = {
        "images": images,
        "labels": [i % 2 for i in range(count)],
        "classes": ("cat", "dog"),
        "layouts": {"PCA": (PLACES * count)[:count]},
        "neighbors": {"features": [[(i + 1) % count] for i in range(count)]},
    }
    return PictureMap(**(arguments | changes))


def sheet_of(made):
    return Image.open(io.BytesIO(b64decode(made.sheet.split(",")[1]))).convert("RGB")


def test_the_sheet_holds_every_picture_row_by_row():
    made = make()
    sheet = sheet_of(made)
    assert made.columns == 3 and sheet.size == (24, 16)
    centers = [sheet.getpixel((i % 3 * 8 + 4, i // 3 * 8 + 4)) for i in range(5)]
    expected = np.repeat(np.linspace(0, 255, 5)[:, None], 3, axis=1)
    assert np.abs(np.array(centers) - expected).max() < 12  # WebP loses a little


def test_large_pictures_are_reduced_and_gray_ones_accepted():
    made = make(images=torch.rand(5, 1, 200, 100))
    assert sheet_of(made).size == (3 * 32, 2 * 64)
    assert made.proportion == 2


def test_places_keep_one_scale_in_both_directions_and_y_points_up():
    wide = make(layouts={"wide": PLACES}).layouts[0]["places"]  # 10 × 5 on a map of 5 : 4
    assert [x for x, _ in wide] == [0, 1000, 1000, 0, 500]
    bottom, top = wide[0][1], wide[2][1]
    assert bottom > top and bottom + top == 1000
    assert bottom - top == pytest.approx(1000 * 5 / 8, abs=1)


def test_points_in_one_place_lie_in_the_middle():
    assert make(layouts={"one": [[3.0, 3.0]] * 5}).layouts[0]["places"] == [[500, 500]] * 5


def test_the_first_layout_is_shown_and_the_state_survives_json():
    made = make(layouts={"B": PLACES, "A": PLACES}, selected=3)
    state = json.loads(json.dumps(made.get_state(), allow_nan=False))
    assert (state["layout_name"], state["selected"], state["shown"]) == ("B", 3, -1)
    assert [space["name"] for space in state["spaces"]] == ["features"]
    assert repr(made).startswith("PictureMap('What lies close to what?', 5 pictures; B, A; ")


def test_tensors_arrays_and_lists_will_do():
    rows = [[1], [2], [3], [4], [0]]
    for kind in (torch.tensor, np.array, list):
        made = make(neighbors={"features": kind(rows)}, layouts={"PCA": kind(PLACES)})
        assert made.spaces[0]["rows"] == rows


def test_three_hundred_scenes_are_light():
    rng = np.random.default_rng(0)
    smooth = np.kron(rng.random((300, 3, 8, 8)), np.ones((8, 8)))
    made = make(
        300,
        images=smooth,
        layouts={"a": rng.random((300, 2)), "b": rng.random((300, 2))},
        neighbors={"features": rng.integers(0, 300, (300, 6))},
    )
    state = {key: value for key, value in made.get_state().items() if key not in ("_esm", "_css")}
    assert len(json.dumps(state)) < 500_000


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": torch.rand(5, 8, 8)}, r"\(n, 1 or 3, height, width\); got \(5, 8, 8\)"),
        ({"images": torch.full((5, 3, 8, 8), torch.nan)}, "must be finite"),
        ({"images": torch.rand(1, 3, 8, 8)}, f"2 to {MAX_PICTURES} pictures; got 1"),
        ({"labels": [0, 1, 2, 0, 1]}, "labels must be from 0 to 1, .*got 0 to 2"),
        ({"labels": [0]}, r"labels must be classes \(5,\) .*got torch.int64 \(1,\)"),
        ({"classes": [str(i) for i in range(11)]}, "1 to 10 names; got 11"),
        ({"layouts": {}}, "got 0 and 1"),
        ({"neighbors": {}}, "got 1 and 0"),
        ({"layouts": {"PCA": PLACES[:4]}}, r"layout 'PCA' must be 5 finite places"),
        ({"layouts": {"PCA": [[0, np.inf]] * 5}}, "5 finite places"),
        ({"neighbors": {"pixels": [[5]] * 5}}, "'pixels' must be indices from 0 to 4"),
        ({"neighbors": {"pixels": [[0.5]] * 5}}, "must be indices"),
        ({"neighbors": {"pixels": [[0] * 9] * 5}}, f"rows of 1 to {MAX_NEIGHBORS}; got"),
        ({"selected": 5}, "from 0 to 4; got 5"),
        ({"max_bytes": 50}, "too heavy for a page"),
    ],
)
def test_what_cannot_be_used_is_named(changes, message):
    with pytest.raises(ValueError, match=message):
        make(**changes)
