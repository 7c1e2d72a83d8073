import pytest
import torch
from torch import nn

from lib.visualization.activations import record_activations
from lib.visualization.patches import maximally_activating_patches, patches_by_channel


@pytest.fixture
def model():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, stride=2, padding=1), nn.ReLU(inplace=True),
        nn.Conv2d(6, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 5),
    ).train()  # fmt: skip


@pytest.fixture
def images():
    return torch.rand(10, 3, 18, 16, generator=torch.Generator().manual_seed(1))


def test_a_spot_is_found_where_it_is():
    model = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1, bias=False))
    with torch.no_grad():
        model[0].weight[:] = torch.tensor([1.0, -1.0]).view(2, 1, 1, 1)
    images = torch.zeros(4, 1, 8, 8)
    images[2, 0, 4, 5] = 0.9
    images[3, 0, 0, 0] = 0.4
    found = maximally_activating_patches(model, images, "0", 0, count=2)
    assert found.indices.tolist() == [2, 3]
    assert found.values.tolist() == pytest.approx([0.9, 0.4])
    assert found.boxes.tolist()[0] == [2, 3, 5, 6]  # the first of the nine units that see it
    assert found.images[0, 0].tolist()[2] == [0, 0, pytest.approx(0.9)]
    assert found.images.shape == (2, 1, 3, 3)


def test_beyond_the_border_is_the_padding(model, images):
    model = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1))
    nn.init.ones_(model[0].weight)
    corner = torch.zeros(1, 1, 5, 5)
    corner[0, 0, 0, 0] = 1.0
    found = maximally_activating_patches(model, corner, "0", 0, count=1, padding=0.25)
    assert found.places.tolist() == [[0, 0]] and found.boxes.tolist() == [[0, 0, 2, 2]]
    assert found.images[0, 0].tolist() == [[0.25] * 3, [0.25, 1, 0], [0.25, 0, 0]]


@pytest.mark.parametrize("per_image", [1, 3, 1000])
@pytest.mark.parametrize("batch_size", [1, 4, 64])
def test_the_running_best_are_those_of_brute_force(model, images, per_image, batch_size):
    maps = record_activations(model, images, ["2"])["2"][:, 3]
    every = [
        (-value.item(), index, row, column)
        for index, one in enumerate(maps)
        for rank, (value, (row, column)) in enumerate(
            sorted(
                ((value, divmod(at, one.shape[1])) for at, value in enumerate(one.flatten())),
                key=lambda pair: -pair[0],
            )
        )
        if rank < per_image
    ]
    found = maximally_activating_patches(
        model, images, "2", 3, count=7, per_image=per_image, batch_size=batch_size
    )
    expected = sorted(every)[:7]
    assert found.indices.tolist() == [index for _, index, _, _ in expected]
    assert found.places.tolist() == [[row, column] for _, _, row, column in expected]
    torch.testing.assert_close(found.values, torch.tensor([-value for value, *_ in expected]))


def test_channels_together_give_what_each_gives_alone(model, images):
    together = patches_by_channel(model, images, "2", [3, 0], count=4, batch_size=3)
    for channel, found in together.items():
        alone = maximally_activating_patches(model, images, "2", channel, count=4)
        assert found.indices.tolist() == alone.indices.tolist()
        assert torch.equal(found.images, alone.images) and found.field == alone.field


def test_a_patch_alone_excites_the_unit_as_the_image_does(model, images):
    found = maximally_activating_patches(model, images, "2", 1, count=10)
    whole = found.images.shape[-1] == found.field.size[1] == 7
    assert whole
    inner = nn.Sequential(nn.Conv2d(3, 6, 3, stride=2), nn.ReLU(), nn.Conv2d(6, 4, 3))
    inner.load_state_dict({k: v for k, v in model.state_dict().items() if k[0] in "02"})
    compared = 0
    for patch, box, value in zip(found.images, found.boxes.tolist(), found.values, strict=True):
        if box[2] - box[0] == box[3] - box[1] == 7:  # not cut
            torch.testing.assert_close(inner(patch[None])[0, 1, 0, 0], value)
            compared += 1
    assert compared > 3


def test_whole_fields_only_where_they_are_asked_for(model, images):
    found = maximally_activating_patches(model, images, "2", 1, count=60, per_image=9, whole=True)
    sizes = found.boxes[:, 2:] - found.boxes[:, :2]
    assert torch.equal(sizes, torch.full((60, 2), 7))
    every = maximally_activating_patches(model, images, "2", 1, count=1000, per_image=1000)
    inside = ((every.boxes[:, 2:] - every.boxes[:, :2]) == 7).all(dim=1)
    torch.testing.assert_close(every.values[inside].sort().values[-1], found.values[0])
    with pytest.raises(ValueError, match="is cut by the border"):
        maximally_activating_patches(model, images[..., :6, :6], "2", 1, whole=True)


def test_where_the_field_is_larger_than_the_image_the_patch_is_the_image(images):
    model = nn.Sequential(nn.Conv2d(3, 1, 3, dilation=20, padding=20))
    found = maximally_activating_patches(model, images, "0", 0, count=3)
    assert found.field.size == (41, 41)
    top = found.boxes.tolist()[0]
    index = int(found.indices[0])
    expected = torch.full((3, 18, 16), 0.5)
    rows, columns = slice(top[0], top[2]), slice(top[1], top[3])
    expected[:, rows, columns] = images[index, :, rows, columns]
    assert torch.equal(found.images[0], expected)


def test_a_unit_of_a_linear_layer_has_whole_images(model, images):
    found = maximally_activating_patches(model, images, "7", 2, count=4)
    logits = record_activations(model, images, ["7"])["7"][:, 2]
    order = logits.argsort(descending=True)[:4]
    assert found.indices.tolist() == order.tolist()
    assert torch.equal(found.images, images[order])


def test_fewer_images_give_fewer_patches_and_nothing_is_changed(model, images):
    copy, state = images.clone(), {k: v.clone() for k, v in model.state_dict().items()}
    assert len(maximally_activating_patches(model, images[:2], "0", 0).values) == 2
    assert torch.equal(images, copy) and model.training and model[3].training
    assert all(torch.equal(state[name], value) for name, value in model.state_dict().items())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"channel": 4}, "has 4 channels; got 4"),
        ({"channel": -1}, "got -1"),
        ({"count": 0}, "at least 1; got 0, 1"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"layer": "9"}, "no layer '9'"),
        ({"layer": "6", "images": torch.zeros(3, 8, 8)}, "images must be"),
    ],
)
def test_bad_input_is_named(model, images, options, message):
    given = {"images": images, "layer": "2", "channel": 0} | options
    with pytest.raises(ValueError, match=message):
        maximally_activating_patches(model, **given)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_a_gpu_finds_the_same(model, images):
    expected = maximally_activating_patches(model, images, "2", 1)
    found = maximally_activating_patches(model.cuda(), images.cuda(), "2", 1)
    assert found.indices.tolist() == expected.indices.tolist() and found.images.is_cuda
