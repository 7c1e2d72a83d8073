"""Search for good hyperparameters: takes an objective, knows no network."""

from lib.search.cluster import cluster_search
from lib.search.dashboard import dashboard_picture
from lib.search.records import Search, SearchError, TrialRecord
from lib.search.spaces import (
    Choice,
    Dimension,
    Integer,
    LogUniform,
    Space,
    Uniform,
    When,
    draw,
    grid,
    suggest,
)
from lib.search.strategies import grid_search, random_search, successive_halving

__all__ = [
    "Choice",
    "Dimension",
    "Integer",
    "LogUniform",
    "Search",
    "SearchError",
    "Space",
    "TrialRecord",
    "Uniform",
    "When",
    "cluster_search",
    "dashboard_picture",
    "draw",
    "grid",
    "grid_search",
    "random_search",
    "successive_halving",
    "suggest",
]
