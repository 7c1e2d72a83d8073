import numpy as np
import pytest
import torch

from chapters.synthesis import figures
from lib import plotting


@pytest.fixture
def image():
    return torch.rand(3, 8, 12, generator=torch.Generator().manual_seed(0))


def shown(ax):
    """The pixels of an axes' image, (height, width, 3)."""
    return np.asarray(ax.images[0].get_array())


def titles(made):
    return [ax.get_title() or ax.get_title(loc="left") for ax in made.axes]


def test_even_contrast_gives_all_pictures_the_same_spread(image):
    for faint in (image, 0.5 + 1e-3 * (image - 0.5), 40 * image - 7):
        even = figures.even_contrast(faint, spread=0.1)
        assert even.mean().item() == pytest.approx(0.5, abs=1e-3)
        assert even.std().item() == pytest.approx(0.1, rel=0.02)
    torch.testing.assert_close(
        figures.even_contrast(image), figures.even_contrast(3 * image + 1), atol=1e-5, rtol=0
    )


def test_even_contrast_makes_gray_of_a_constant():
    even = figures.even_contrast(torch.full((3, 4, 4), 0.9))
    assert torch.equal(even, torch.full((3, 4, 4), 0.5))


def test_a_frame_of_the_ascent_marks_its_step(image):
    scores = torch.tensor([0.0, 2.0, 5.0, 6.0])
    made = figures.ascent_figure(image, scores, step=2, highest=10, note="step 2")
    picture, chart = made.axes
    np.testing.assert_allclose(shown(picture), image.permute(1, 2, 0))
    whole, past, dot = chart.lines
    assert whole.get_ydata().tolist() == [0, 2, 5, 6]
    assert past.get_ydata().tolist() == [0, 2, 5]
    assert (dot.get_xdata()[0], dot.get_ydata()[0]) == (2, 5)
    end = figures.ascent_figure(image, scores, step=4, highest=10, note="step 4").axes[1]
    assert end.lines[2].get_ydata()[0] == 6


def test_a_table_of_pictures_has_rows_columns_and_names(image):
    rows = [torch.stack([image, image / 2, image / 3])] * 2
    made = figures.pictures_figure(rows, ["a", "b", "c"], labels=["top", "bottom"])
    assert len(made.axes) == 6
    assert titles(made) == ["a", "b", "c", "", "", ""]
    assert [made.axes[k].get_ylabel() for k in (0, 3)] == ["top", "bottom"]
    np.testing.assert_allclose(shown(made.axes[4]), image.permute(1, 2, 0) / 2)
    assert {ax.images[0].get_interpolation() for ax in made.axes} == {"bicubic"}
    every = figures.pictures_figure(rows, list("abcdef"))
    assert titles(every) == list("abcdef")


def test_a_pair_and_a_single_picture_fill_their_frames(image):
    made = figures.picture_pair_figure(image, image / 2, titles=("one", "two"))
    assert titles(made) == ["one", "two"]
    np.testing.assert_allclose(shown(made.axes[1]), image.permute(1, 2, 0) / 2)
    wide = figures.picture_figure(image, title="dream")
    box = wide.axes[0].get_position()
    ratio = box.height * wide.get_figheight() / (box.width * wide.get_figwidth())
    assert ratio == pytest.approx(8 / 12, rel=0.02)


def test_an_attack_is_shown_enlarged_to_the_full_range(image):
    image = 0.2 + 0.6 * image
    signs = torch.where(torch.arange(12) % 2 == 0, 1.0, -1.0).expand(3, 8, 12)
    p = torch.tensor([0.7, 0.2])
    made = figures.attack_figure(
        image, image + 0.02 * signs, epsilon=0.02, names=["goldfish", "cat"], p=p
    )
    _, change, chart = made.axes
    assert titles(made)[1] == "change × 25"
    np.testing.assert_allclose(shown(change), 0.5 + 0.5 * signs.permute(1, 2, 0), atol=1e-4)
    assert [bar.get_width() for bar in chart.patches] == pytest.approx([0.7, 0.2])
    assert [text.get_text() for text in chart.texts] == ["goldfish 70%", "cat 20%"]
    still = figures.attack_figure(image, image, epsilon=0.0, names=["cat"], p=p[:1])
    assert (shown(still.axes[1]) == 0.5).all()


def test_accuracy_falls_along_evenly_spaced_sizes():
    _, ax = plotting.figure()
    seeds = np.array([[90, 50, 10], [80, 40, 0]])
    figures.plot_accuracy_by_epsilon(ax, [0, 1, 8], {"FGSM": seeds, "PGD": seeds - 5})
    assert ax.lines[0].get_ydata().tolist() == [85, 45, 5]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["0", "1", "8"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["FGSM", "PGD"]
