import pytest
import torch
from sklearn.decomposition import PCA
from torch import nn

from lib.preprocessing import (
    Whitening,
    decorrelation,
    fit_principal_components,
    pca_whitening,
    zca_whitening,
)

# Four images of one channel and two pixels, center (0.5, 0.5). Along (1, 1) they lie 0.3·√2 away,
# along (1, -1) 0.1·√2: variances (0.18 + 0.18) / 4 = 0.09 and (0.02 + 0.02) / 4 = 0.01.
CLOUD = torch.tensor([[0.8, 0.8], [0.2, 0.2], [0.6, 0.4], [0.4, 0.6]]).view(4, 1, 1, 2)
MAKERS = [decorrelation, pca_whitening, zca_whitening]


def correlated(n, size=3, seed=0):
    """Images whose pixels are mixtures of each other, within [0, 1]."""
    g = torch.Generator().manual_seed(seed)
    d = 2 * size * size
    mix = torch.randn(d, d, generator=g)
    return torch.sigmoid(torch.randn(n, d, generator=g) @ mix / 4).view(n, 2, size, size)


def covariance(rows):
    centered = rows.flatten(1).double() - rows.flatten(1).double().mean(dim=0)
    return centered.T @ centered / len(rows)


def test_components_of_four_points_are_those_computed_by_hand():
    components = fit_principal_components(CLOUD)
    root = 0.5**0.5
    expected = torch.tensor([[root, root], [root, -root]], dtype=torch.float64)
    torch.testing.assert_close(components.directions.abs(), expected.abs(), rtol=0, atol=1e-6)
    assert components.directions[0].prod() > 0 > components.directions[1].prod()
    assert components.variances.tolist() == pytest.approx([0.09, 0.01], rel=1e-5)
    assert components.mean.tolist() == pytest.approx([0.5, 0.5])


def test_whitening_four_points_gives_the_values_computed_by_hand():
    components = fit_principal_components(CLOUD)
    # (0.3, 0.3) from the center is 0.3·√2 along the first direction; over std 0.3 that is √2.
    pca = pca_whitening(components)(CLOUD)
    assert pca[0].abs().tolist() == pytest.approx([2**0.5, 0], abs=1e-5)
    # Rotated back, √2 along (1, 1) / √2 is (1, 1).
    zca = zca_whitening(components)(CLOUD)
    assert zca[0].flatten().tolist() == pytest.approx([1, 1], abs=1e-5)
    assert zca[2].flatten().tolist() == pytest.approx([1, -1], abs=1e-5)
    # With epsilon 0.07 the first std is √(0.09 + 0.07) = 0.4, not 0.3.
    damped = zca_whitening(components, epsilon=0.07)(CLOUD)
    assert damped[0].flatten().tolist() == pytest.approx([0.75, 0.75], abs=1e-5)


@pytest.mark.parametrize("maker", [pca_whitening, zca_whitening])
def test_whitened_training_images_have_identity_covariance(maker):
    images = correlated(1203)  # more than one chunk
    white = covariance(maker(fit_principal_components(images))(images))
    torch.testing.assert_close(white, torch.eye(18, dtype=torch.float64), rtol=0, atol=1e-4)


@pytest.mark.parametrize("maker", [pca_whitening, zca_whitening])
def test_images_in_float64_are_whitened_in_float64(maker):
    images = torch.rand(100, 1, 3, 3, generator=torch.Generator().manual_seed(0)).double()
    white = maker(fit_principal_components(images))(images).flatten(1)
    expected = torch.eye(9, dtype=torch.float64)
    torch.testing.assert_close(white.T @ white / len(white), expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("maker", [pca_whitening, zca_whitening])
def test_autocast_does_not_round_the_products(maker):
    images = torch.rand(100, 1, 3, 3, generator=torch.Generator().manual_seed(0))
    layer = maker(fit_principal_components(images))
    with torch.autocast("cpu", torch.bfloat16):
        cast = layer(images)
    assert torch.equal(cast, layer(images))


def test_decorrelation_leaves_the_variances_and_removes_the_rest():
    images = correlated(200)
    components = fit_principal_components(images)
    rotated = covariance(decorrelation(components)(images))
    torch.testing.assert_close(rotated, components.variances.diag(), rtol=0, atol=1e-6)


def test_components_and_whitening_are_those_of_scikit_learn():
    images = correlated(100)
    reference = PCA(whiten=True).fit(images.flatten(1).double().numpy())
    components = fit_principal_components(images)
    ratio = 100 / 99  # scikit-learn divides by N - 1
    theirs = torch.tensor(reference.explained_variance_)
    torch.testing.assert_close(components.variances * ratio, theirs)
    sign = (components.directions * torch.tensor(reference.components_)).sum(dim=1).sign()
    ours = pca_whitening(components)(images).double() * sign / ratio**0.5
    theirs = torch.tensor(reference.transform(images.flatten(1).double().numpy()))
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_fewer_images_than_dimensions_give_the_components_of_the_covariance():
    images = correlated(10)  # 10 images of 18 dimensions: 9 directions
    components = fit_principal_components(images)
    assert components.directions.shape == (9, 18)
    variances = torch.linalg.eigvalsh(covariance(images)).flip(0)
    torch.testing.assert_close(components.variances, variances[:9])
    gram = components.directions @ components.directions.T
    torch.testing.assert_close(gram, torch.eye(9, dtype=torch.float64))


def test_the_sign_of_a_direction_is_that_of_its_largest_entry():
    directions = fit_principal_components(correlated(50)).directions
    assert (directions.amax(dim=1) == directions.abs().amax(dim=1)).all()


def test_zca_is_symmetric_and_pca_is_not():
    components = fit_principal_components(correlated(100))
    zca, pca = zca_whitening(components).matrix, pca_whitening(components).matrix
    torch.testing.assert_close(zca, zca.T, rtol=0, atol=1e-4)
    assert (pca - pca.T).abs().max() > 1


def test_the_matrix_is_the_whole_map():
    images = correlated(100)
    components = fit_principal_components(images)
    for layer in (maker(components) for maker in MAKERS):
        by_matrix = (images.flatten(1) - layer.mean) @ layer.matrix.T
        torch.testing.assert_close(layer(images).flatten(1), by_matrix, rtol=1e-4, atol=1e-4)


def test_zca_stays_closer_to_the_standardized_images_than_pca():
    images = correlated(100)
    components = fit_principal_components(images)
    standard = (images - images.mean(dim=0)) / images.std(dim=0)
    distance = [
        (maker(components)(images).flatten(1) - standard.flatten(1)).norm()
        for maker in (zca_whitening, pca_whitening)
    ]
    assert distance[0] < 0.8 * distance[1]


@pytest.mark.parametrize("maker", MAKERS)
def test_the_inverse_gives_the_images_back(maker):
    images = correlated(100)
    layer = maker(fit_principal_components(images))
    torch.testing.assert_close(layer.inverse(layer(images)), images, rtol=0, atol=1e-4)


@pytest.mark.parametrize("maker", MAKERS)
def test_the_inverse_of_few_directions_is_the_projection_on_them(maker):
    images = correlated(100)
    components = fit_principal_components(images)
    layer = maker(components, keep=4)
    error = ((layer.inverse(layer(images)) - images) ** 2).flatten(1).sum(dim=1).mean()
    assert error.item() == pytest.approx(components.variances[4:].sum().item(), rel=1e-4)


def test_shapes_are_coefficients_for_pca_and_images_for_zca():
    components = fit_principal_components(correlated(100))
    assert pca_whitening(components, keep=5)(correlated(7)).shape == (7, 5)
    assert zca_whitening(components, keep=5)(correlated(7)).shape == (7, 2, 3, 3)


@pytest.mark.parametrize("maker", MAKERS)
def test_images_are_left_alone(maker):
    images = correlated(30)
    maker(fit_principal_components(images))(images)
    assert torch.equal(images, correlated(30))


@pytest.mark.parametrize("maker", MAKERS)
def test_statistics_travel_with_the_models_state(maker, tmp_path):
    images = correlated(100)
    layer = nn.Sequential(maker(fit_principal_components(images)))
    torch.save(layer.state_dict(), tmp_path / "layer.pt")
    loaded = nn.Sequential(Whitening())
    loaded.load_state_dict(torch.load(tmp_path / "layer.pt", weights_only=True))
    assert torch.equal(loaded(images), layer(images))


def test_an_empty_layer_says_how_to_fill_it():
    with pytest.raises(RuntimeError, match="Whitening holds no statistics"):
        Whitening()(CLOUD)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.rand(2, 1, 2, 2), r"\(batch, 1, 1, 2\).*\(2, 1, 2, 2\)"),
        (255 * CLOUD, "from 0 to 1; got values from 51 to 204"),
    ],
)
def test_images_of_another_shape_or_range_are_refused_with_both_named(images, message):
    with pytest.raises(ValueError, match=message):
        zca_whitening(fit_principal_components(CLOUD))(images)


def test_images_that_are_all_the_same_have_no_components():
    with pytest.raises(ValueError, match="no direction to vary in"):
        fit_principal_components(CLOUD[:1].expand(3, 1, 1, 2))


@pytest.mark.parametrize("keep", [0, 3])
def test_directions_there_are_not_cannot_be_kept(keep):
    with pytest.raises(ValueError, match=f"from 1 to the 2 directions there are; got {keep}"):
        pca_whitening(fit_principal_components(CLOUD), keep=keep)


def test_a_negative_epsilon_is_refused():
    with pytest.raises(ValueError, match="at least 0; got -1"):
        zca_whitening(fit_principal_components(CLOUD), epsilon=-1)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("maker", MAKERS)
def test_cuda_gives_the_same(maker):
    images = correlated(100)
    layer = maker(fit_principal_components(images.cuda()))
    assert layer.directions.is_cuda
    here = maker(fit_principal_components(images))(images)
    torch.testing.assert_close(layer(images.cuda()).cpu(), here, rtol=1e-3, atol=1e-3)
