"""Maps of many vectors: two coordinates for each, so that they can be drawn on a page."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from lib.pca import principal_directions
from lib.precision import unit_scale, wide, wide_dtype, without_autocast


class Projection(NamedTuple):
    """Coordinates of vectors along the directions in which they vary most.

    Attributes:
        coordinates: (n, count), of each vector along each direction, around their mean.
        directions: (count, d), orthonormal; the entry of largest magnitude in each is positive.
        shares: (count,), the fraction of the total variance along each direction.
    """

    coordinates: Tensor
    directions: Tensor
    shares: Tensor


@without_autocast()
def principal_components(features: Tensor, count: int = 2) -> Projection:
    """The vectors' coordinates along the directions of largest variance, largest first.

    Args:
        features: (n, d), float, on any device.
        count: number of directions; at most those in which the vectors vary.

    Raises:
        ValueError: a wrong shape or count, values that are not finite, or vectors that are all the
            same.

    Cost: see `lib.pca.principal_directions`, in float64 on the CPU.
    """
    _check(features)
    vectors = wide(features.detach().cpu())
    mean = vectors.double().mean(dim=0)
    scale = unit_scale(vectors - mean.to(vectors))  # squares of very large or small numbers fail
    variances, directions = principal_directions(vectors / scale, mean / scale[0].double())
    if not 1 <= count <= len(directions):
        raise ValueError(f"count must be 1 to {len(directions)}; got {count}")
    directions, shares = directions[:count], variances[:count] / variances.sum()
    results = (vectors.double() - mean) @ directions.T, directions, shares
    return Projection(*(result.to(features.dtype).to(features.device) for result in results))


def tsne_layout(
    features: Tensor, *, perplexity: float = 30.0, generator: torch.Generator, steps: int = 1000
) -> Tensor:
    """A place (n, 2) for each vector, such that close ones stay close, on their device.

    Places have the precision of the vectors, float32 at least.

    The start is drawn from the generator: small normal numbers, not the first principal components,
    so that different draws show what is due to chance.

    Args:
        features: (n, d), float.
        perplexity: how many neighbors each vector keeps close, roughly; above 0, below n.
        generator: a CPU generator.
        steps: of the optimization, at least 250.

    Raises:
        ValueError: a wrong shape, values that are not finite, or a perplexity out of range.

    Cost: about 2 s for 500 vectors, on one core.
    Source: van der Maaten and Hinton, "Visualizing data using t-SNE", JMLR 2008; scikit-learn's
    Barnes-Hut version.
    """
    from sklearn.manifold import TSNE  # here, since importing it takes a second
    from threadpoolctl import threadpool_limits

    _check(features)
    if not 0 < perplexity < len(features):
        raise ValueError(f"perplexity must be above 0, below {len(features)}; got {perplexity}")
    seed = int(torch.randint(2**31 - 1, (), generator=generator))
    model = TSNE(perplexity=perplexity, init="random", max_iter=steps, random_state=seed, n_jobs=1)
    with threadpool_limits(1):  # its threads would spend more time waiting than computing
        places = model.fit_transform(wide(features.detach()).cpu().numpy())
    return torch.from_numpy(places).to(wide(features))


def grid_layout(places: Tensor, *, columns: int | None = None) -> Tensor:
    """A cell (n, 2) of a grid for each place, as (row, column); no two share a cell.

    The first coordinate runs to the right and the second upward, as on a chart. Of all ways to fill
    the grid, the one with the smallest sum of squared distances between places and cells is used.

    Args:
        places: (n, 2), float.
        columns: number of columns; None takes the smallest square grid that holds all.

    Raises:
        ValueError: a wrong shape, values that are not finite, or no columns.

    Cost: grows with n³; a second for 1000 places.
    """
    from scipy.optimize import linear_sum_assignment

    _check(places)
    if places.shape[1] != 2:
        raise ValueError(f"places must be (n, 2); got {tuple(places.shape)}")
    columns = math.ceil(math.sqrt(len(places))) if columns is None else columns
    if columns < 1:
        raise ValueError(f"columns must be at least 1; got {columns}")
    rows = -(-len(places) // columns)
    cells = torch.cartesian_prod(torch.arange(rows), torch.arange(columns))
    dtype = wide_dtype(places)
    centers = (cells.to(dtype) + 0.5) / torch.tensor([rows, columns], dtype=dtype)
    low, high = places.amin(dim=0), places.amax(dim=0)
    reach = torch.where(high > low, high - low, 1)
    unit = ((places - low) / reach).detach().cpu().double()
    targets = torch.stack([1 - unit[:, 1], unit[:, 0]], dim=1)
    chosen = linear_sum_assignment((torch.cdist(targets, centers.double()) ** 2).numpy())[1]
    return cells[torch.from_numpy(chosen)].to(places.device)


def _check(vectors: Tensor) -> None:
    if not vectors.is_floating_point() or vectors.ndim != 2 or 0 in vectors.shape:
        raise ValueError(
            f"expected floats (n, d), not empty; got {vectors.dtype} {tuple(vectors.shape)}"
        )
    if not bool(vectors.isfinite().all()):
        raise ValueError("expected finite numbers; got NaN or infinity")
