import pytest
import torch

from lib.datasets import scenes as module
from lib.datasets.images import train_validation_split
from lib.datasets.scene_captions import BACKGROUNDS, relation
from lib.datasets.scenes import CLASSES, SHIFTS, SceneDataset, caption, load_scenes, vocabulary


def load(count=64, seed=0, **options):
    return load_scenes(count, generator=torch.Generator().manual_seed(seed), **options)


@pytest.fixture(scope="module")
def several():
    return load(200, objects=(1, 4))


@pytest.mark.parametrize("size", [32, 48])
def test_scenes_have_the_shapes_and_types_of_their_card(size):
    scenes = load(20, size=size)
    assert isinstance(scenes, SceneDataset)
    assert scenes.images.shape == (20, 3, size, size)
    assert scenes.images.dtype == torch.float32
    assert 0 <= scenes.images.min() < scenes.images.max() <= 1
    assert (scenes.masks.shape, scenes.masks.dtype) == ((20, 1, size, size), torch.bool)
    assert (scenes.object_masks.shape, scenes.object_masks.dtype) == ((20, size, size), torch.int8)
    assert (scenes.labels.shape, scenes.labels.dtype) == ((20,), torch.int64)
    assert len(scenes.scenes) == len(scenes.captions) == len(scenes) == 20
    assert scenes.classes == CLASSES
    assert len(CLASSES) == 10


def test_the_generators_state_decides():
    first, again, other = load(seed=0), load(seed=0), load(seed=1)
    assert torch.equal(first.images, again.images)
    assert torch.equal(first.object_masks, again.object_masks)
    assert first.scenes == again.scenes
    assert first.scenes != other.scenes
    assert not torch.equal(first.images, other.images)


def test_torchs_own_random_state_is_left_alone():
    before = torch.get_rng_state()
    load()
    assert torch.equal(torch.get_rng_state(), before)


def test_scenes_do_not_depend_on_how_many_are_rendered_at_once(monkeypatch):
    monkeypatch.setattr(module, "NOISE", 0.0)  # its numbers are drawn chunk by chunk
    whole = load()
    monkeypatch.setattr(module, "CHUNK", 10 * 32 * 32)
    parts = load()
    torch.testing.assert_close(parts.images, whole.images)
    assert torch.equal(parts.object_masks, whole.object_masks)


def test_a_scene_is_the_same_at_every_size():
    small, large = load(size=32), load(size=64)
    assert small.scenes == large.scenes
    assert torch.equal(small.labels, large.labels)
    assert not torch.equal(small.images, large.images[:, :, ::2, ::2])
    overlap = small.masks == torch.nn.functional.max_pool2d(large.masks.float(), 2).bool()
    assert overlap.float().mean() > 0.9


def test_the_label_is_the_main_objects_shape(several):
    for label, scene in zip(several.labels.tolist(), several.scenes, strict=True):
        assert CLASSES[label] == scene.objects[0].shape


def test_masks_are_the_main_objects(several):
    assert torch.equal(several.masks[:, 0], several.object_masks == 1)
    assert several.masks.flatten(1).any(dim=1).all()


def test_every_object_of_a_scene_is_seen_and_no_other(several):
    for owners, scene in zip(several.object_masks, several.scenes, strict=True):
        assert owners.unique().tolist() == list(range(len(scene.objects) + 1))


def test_objects_are_seen_where_the_scene_says(several):
    for owners, scene in zip(several.object_masks, several.scenes, strict=True):
        for k, thing in enumerate(scene.objects, start=1):
            rows, columns = (owners == k).nonzero().float().add(0.5).div(32).mean(dim=0).tolist()
            assert abs(columns - thing.x) < thing.size / 3
            assert abs(rows - thing.y) < thing.size / 3


def test_captions_use_the_vocabulary_and_are_made_from_the_scene(several):
    words = set(vocabulary())
    for text, scene in zip(several.captions, several.scenes, strict=True):
        assert set(text.split()) <= words
        assert text == caption(scene)
        assert scene.objects[0].shape in text
        assert text.endswith(f" on {scene.background}")


def test_relations_in_captions_are_true_of_the_masks(several):
    """Seen from the pictures alone: on which side of the other's pixels the main one's lie."""
    axes = {"left of": (1, -1), "right of": (1, 1), "above": (0, -1), "below": (0, 1)}
    checked = 0
    for owners, text, scene in zip(
        several.object_masks, several.captions, several.scenes, strict=True
    ):
        main = (owners == 1).nonzero().float().mean(dim=0)
        for k, other in enumerate(scene.objects[1:], start=2):
            words = relation(scene.objects[0], other)
            assert words in text
            axis, sign = axes[words]
            offset = main - (owners == k).nonzero().float().mean(dim=0)
            assert sign * offset[axis] > 0
            checked += 1
    assert checked > 200


def test_numbers_of_objects_cover_their_range(several):
    assert {len(scene.objects) for scene in several.scenes} == {1, 2, 3, 4}


def test_label_noise_replaces_exactly_its_fraction_and_the_scenes_keep_the_truth():
    clean, noisy = load(200), load(200, label_noise=0.25)
    truth = [CLASSES.index(scene.objects[0].shape) for scene in noisy.scenes]
    assert torch.equal(clean.labels, torch.tensor(truth))
    assert (noisy.labels != clean.labels).sum() == 50
    assert torch.equal(noisy.images, clean.images)


def test_wrong_labels_are_spread_over_all_other_classes():
    clean, noisy = load(2000, label_noise=0.0), load(2000, label_noise=1.0)
    assert (noisy.labels != clean.labels).all()
    steps = (noisy.labels - clean.labels) % 10
    assert steps.bincount(minlength=10)[1:].min() > 150


def test_a_full_bias_ties_each_class_to_its_own_background():
    scenes = load(300, bias=1.0).scenes
    pairs = {(scene.objects[0].shape, scene.background) for scene in scenes}
    assert pairs == set(zip(CLASSES, BACKGROUNDS, strict=True))


@pytest.mark.parametrize("shift", SHIFTS)
def test_shifted_scenes_pair_with_the_plain_ones(shift):
    plain, shifted = load(), load(shift=shift)
    assert torch.equal(plain.labels, shifted.labels)
    assert not torch.equal(plain.images, shifted.images)
    for one, other in zip(plain.scenes, shifted.scenes, strict=True):
        assert one != other
        assert one.background == other.background
        main, same = one.objects[0], other.objects[0]
        assert (main.color, main.texture) == (same.color, same.texture)


@pytest.mark.parametrize("shift", ["moved", "rescaled", "rotated"])
def test_a_shift_of_an_object_leaves_the_pixels_around_it_alone(shift):
    plain, shifted = load(), load(shift=shift)
    near = torch.nn.functional.max_pool2d(
        (plain.masks | shifted.masks).float(), 3, stride=1, padding=1
    )
    away = ~near.bool()
    assert away.float().mean() > 0.3
    # Tips finer than a pixel are drawn thinly and belong to no mask.
    changed = (plain.images != shifted.images).any(dim=1, keepdim=True)
    assert changed[away].float().mean() < 0.002


def test_mirrored_pictures_are_the_flipped_ones_but_for_the_sensors_noise(monkeypatch):
    monkeypatch.setattr(module, "NOISE", 0.0)
    plain, shifted = load(objects=(1, 3)), load(objects=(1, 3), shift="mirrored")
    assert torch.equal(plain.images.flip(-1), shifted.images)
    assert torch.equal(plain.masks.flip(-1), shifted.masks)


def test_relit_pictures_are_darker_and_warmer():
    plain, shifted = (load(shift=shift).images.mean(dim=(0, 2, 3)) for shift in (None, "relit"))
    factors = (shifted / plain).tolist()
    assert factors == sorted(factors, reverse=True)
    assert 0.4 < factors[1] < 0.6


def test_a_subset_keeps_everything_that_belongs_to_its_rows(several):
    rows = torch.tensor([5, 0, 17])
    part = several.subset(rows)
    assert isinstance(part, SceneDataset)
    for name in ("images", "labels", "masks", "object_masks"):
        assert torch.equal(getattr(part, name), getattr(several, name)[rows])
    assert part.scenes == tuple(several.scenes[row] for row in (5, 0, 17))
    assert part.captions == tuple(several.captions[row] for row in (5, 0, 17))


def test_a_subset_may_be_a_slice_or_a_mask(several):
    assert several.subset(slice(3, 9, 2)).captions == several.captions[3:9:2]
    chosen = several.labels == several.labels[0]
    part = several.subset(chosen)
    assert len(part) == len(part.scenes) == chosen.sum()


def test_both_parts_of_a_split_are_scenes(several):
    parts = train_validation_split(several, validation=50, generator=torch.Generator())
    assert [len(part.captions) for part in parts] == [150, 50]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 0}, "a count from 1 and a size from 16; got 0 and 32"),
        ({"size": 8}, "a count from 1 and a size from 16; got 64 and 8"),
        ({"objects": (0, 1)}, r"between 1 and 4; got \(0, 1\)"),
        ({"objects": (3, 2)}, r"between 1 and 4; got \(3, 2\)"),
        ({"objects": (1, 5)}, r"between 1 and 4; got \(1, 5\)"),
        ({"shift": "tilted"}, "shift must be None or one of mirrored, .*; got 'tilted'"),
        ({"shift": "moved", "shift_strength": -1.0}, "at least 0; got -1.0"),
        ({"bias": 1.5}, "bias must be between 0 and 1; got 1.5"),
        ({"label_noise": -0.1}, "label_noise must be between 0 and 1; got -0.1"),
    ],
)
def test_what_cannot_be_drawn_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        load(**options)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_scenes_follow_the_device_and_are_the_same_there():
    here, there = load(), load(device="cuda")
    for name in ("images", "labels", "masks", "object_masks"):
        assert getattr(there, name).device.type == "cuda"
    assert there.scenes == here.scenes
    torch.testing.assert_close(there.images.cpu(), here.images, atol=1e-3, rtol=0)
    assert there.subset(torch.arange(3)).images.device.type == "cuda"
