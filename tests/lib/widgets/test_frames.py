import base64
import io

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from PIL import Image

from lib.widgets import frames

HEADER = "data:image/webp;base64,"


def plain(color="white", height=1.0):
    return Figure(figsize=(2, height), facecolor=color)


def noise(seed=0):
    figure = plain()
    figure.figimage(np.random.default_rng(seed).random((100, frames.PIXELS, 3)))
    return figure


def decode(url):
    assert url.startswith(HEADER)
    return Image.open(io.BytesIO(base64.b64decode(url.removeprefix(HEADER))))


def render(points, draw=plain, max_bytes=10**6):
    return frames.render_frames(draw, points, max_bytes=max_bytes, progress=False)


def test_a_frame_is_webp_of_the_width_set_and_the_figures_proportions():
    url, size, _ = frames.encode(plain("#0072B2"))
    image = decode(url)
    assert image.format == "WEBP"
    assert size == image.size == (frames.PIXELS, frames.PIXELS // 2)
    assert image.convert("RGB").getpixel((9, 9)) == (0x00, 0x72, 0xB2)


def test_frames_can_be_narrower_for_photographs():
    urls, size, _ = frames.render_frames(
        plain, [{}, {"color": "black"}], max_bytes=10**6, pixels=300, progress=False
    )
    assert size == decode(urls[1]).size == (300, 150)
    with pytest.raises(ValueError, match="pixels must be at least 1; got 0"):
        frames.encode(plain(), pixels=0)


def test_a_small_mark_keeps_its_color_in_a_chart_of_another():
    figure = Figure(figsize=(5.4, 3.4))
    axes = figure.subplots(2, 3)
    for ax in axes.flat:
        ax.hist(np.random.default_rng(0).normal(size=900), bins=30, color="#0072B2")
    axes[0, 0].plot([0], [30], "o", ms=5, color="#D55E00")
    image = np.asarray(decode(frames.encode(figure)[0]).convert("RGB")).astype(int)
    distance = np.abs(image - (0xD5, 0x5E, 0x00)).max(axis=-1)
    assert (distance <= frames.TOLERANCE).sum() > 50


def test_a_chart_of_few_colors_is_much_lighter_than_lossless_coding_of_all():
    figure = Figure(figsize=(4, 2))
    figure.subplots().plot(range(9), "o-")
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=frames.PIXELS / 4)
    every_color = frames._webp(Image.open(png).convert("RGB"), lossless=True)
    url, _, is_chart = frames.encode(figure)
    assert is_chart and len(base64.b64decode(url.removeprefix(HEADER))) < 0.9 * len(every_color)


def test_where_fewer_colors_would_show_the_lighter_coding_is_kept():
    png = io.BytesIO()
    noise().savefig(png, format="png", dpi=frames.PIXELS / 2)
    image = Image.open(png)
    lossless, lossy = (len(frames._webp(image, lossless=flag)) for flag in (True, False))
    assert lossy < lossless
    url, _, is_chart = frames.encode(noise())
    assert len(base64.b64decode(url.removeprefix(HEADER))) == lossy and not is_chart


def test_frames_come_in_the_order_of_their_points():
    colors = [f"#{level:02x}0000" for level in range(0, 250, 25)]
    urls = render([{"color": color} for color in colors]).urls
    found = [decode(url).convert("RGB").getpixel((9, 9)) for url in urls]
    assert found == [(level, 0, 0) for level in range(0, 250, 25)]


def test_every_point_is_rendered_once():
    calls = []
    render([{"index": index} for index in range(11)], lambda index: calls.append(index) or plain())
    assert sorted(calls) == list(range(11))


def test_a_hopeless_grid_is_refused_after_a_few_frames_with_its_numbers():
    calls = []

    def draw(seed):
        calls.append(seed)
        return noise(seed)

    weight = len(frames.encode(noise())[0])
    with pytest.raises(ValueError, match=r"100 frames at \d+\.\d kB .* make \d+ kB, the budget is"):
        render([{"seed": seed} for seed in range(100)], draw, max_bytes=10 * weight)
    assert len(calls) == frames.PROBES


def test_frames_as_heavy_as_the_budget_pass_and_one_byte_more_is_refused():
    points = [{"color": "white"}] * 6
    weight = sum(map(len, render(points)[0]))
    assert len(render(points, max_bytes=weight)[0]) == 6
    with pytest.raises(ValueError, match="6 frames"):
        render(points, max_bytes=weight - 1)


def test_frames_of_two_sizes_are_refused():
    width = frames.PIXELS
    with pytest.raises(ValueError, match=f"{width} × {width // 2} pixels .* {width} × {width} "):
        render([{"height": 1}, {"height": 2}])


def test_what_is_no_figure_is_refused():
    with pytest.raises(TypeError, match="matplotlib Figure; got tuple"):
        render([{}], lambda: (1, 2))


def test_a_pyplot_figure_is_refused():
    figure = plt.figure()
    try:
        with pytest.raises(ValueError, match="outside pyplot"):
            frames.encode(figure)
    finally:
        plt.close(figure)


def test_the_progress_bar_goes_to_stderr_and_can_be_silenced(capsys, monkeypatch):
    monkeypatch.delenv("COURSE_PROGRESS", raising=False)
    frames.render_frames(plain, [{}], max_bytes=10**6, progress=False)
    assert capsys.readouterr() == ("", "")
    frames.render_frames(plain, [{}], max_bytes=10**6)
    assert "Rendering frames" in capsys.readouterr().err


def test_frames_are_charts_if_all_of_them_are():
    points = [{"photo": False}, {"photo": True}]

    def draw(photo):
        return noise() if photo else plain()

    assert render(points[:1], draw).are_charts
    assert not render(points, draw).are_charts
