"""Datasheets and model cards answer their questions, and count as the code does."""

import ast
import re
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torchvision.models import get_model_weights

from chapters.hyperparameters import ward
from lib import models
from lib.datasets import captions, photos, scene_captions, scenes, translation_vocabulary
from lib.models.captioner import Captioner
from lib.models.pretrained import load_efficientnet_lite0
from lib.models.seq2seq import Seq2Seq
from lib.training.classifiers import NETWORK
from tests.reference import PAGES, cards, flowing, rows
from tools.chapters import ROOT

SHEET = ("Motivation", "Composition", "Collection", "Preprocessing", "Uses", "Distribution",
         "Maintenance")  # fmt: skip
CARD = ("Architecture", "Training data", "Recipe", "Quality", "Intended use", "Limits", "License")
SHEETS, CARDS = cards("datasheets"), cards("models")
G = torch.Generator()
WORDS = tuple(map(len, translation_vocabulary.vocabularies()))
GRID = (len(captions.caption_vocabulary()), 112, 6, 6)  # words, D × H × W
NETWORKS: dict[str, list[Callable[[], nn.Module]]] = {
    "MLP, five hidden layers of 64": [
        lambda name=name: models.MLP(784, [64] * 5, 10, activation=name, generator=G)
        for name in ("relu", "maxout")
    ],
    "MLP, one hidden layer of 128": [lambda: models.MLP(784, [128], 10, generator=G)],
    "MLP on color pictures": [lambda: models.MLP(3072, [64], 10, generator=G)],
    "MLP on digits": [lambda: models.MLP(64, [64], 10, generator=G)],
    "Perceptron on digits": [lambda: ward.perceptron(G)],
    "ConvNet": [lambda: models.ConvNet(3, 10, generator=G)],
    "Scene classifier": [lambda: models.ConvNet(3, 10, generator=G, **NETWORK)],
    "Translator": [
        lambda on=on: Seq2Seq(*WORDS, width=64, attention=on, generator=G) for on in (True, False)
    ],
    "Captioner": [
        lambda on=on: Captioner(*GRID, attention=on, generator=G) for on in (True, False)
    ],
    "EfficientNet-Lite0": [load_efficientnet_lite0],
}
BORROWED = {"AlexNet": "alexnet", "ResNet-18": "resnet18", "VGG-19": "vgg19"}
COUNTS = {
    name: [int(number.replace(",", "")) for number in re.findall(r"[\d,]{5,}", counts)]
    for name, _, counts in rows(PAGES["models"], 3)
}


@pytest.mark.parametrize(("page", "questions"), [("datasheets", SHEET), ("models", CARD)])
def test_every_card_answers_the_same_questions_in_the_same_order(page, questions):
    assert cards(page)
    for title, text in cards(page).items():
        assert tuple(re.findall(r"(?m)^\*\*(.+?)\.\*\* \S", text)) == questions, title


def test_every_function_that_loads_data_has_a_datasheet_of_its_own():
    loaders = [
        node.name
        for path in (ROOT / "lib" / "datasets").glob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("load_")
    ]
    named = [name for text in SHEETS.values() for name in re.findall(r"`(load_\w+)`", text)]
    assert sorted(named) == sorted(loaders)
    assert len(SHEETS) == len(loaders)


def test_the_datasheet_of_scenes_counts_as_the_code_does():
    sheet = flowing(SHEETS["Scenes"])
    for kind, names in {"shapes": scenes.CLASSES, "grounds": scene_captions.BACKGROUNDS}.items():
        assert f"{len(names)} {kind} ({', '.join(names)})" in sheet
    colors, textures = len(scene_captions.COLORS), len(scene_captions.TEXTURES)
    assert f"{colors} colors, {textures} textures" in sheet
    assert f"({', '.join(scenes.SHIFTS)})" in sheet
    assert f"Captions use {len(scenes.vocabulary())} words" in sheet


def test_the_datasheet_of_sentences_counts_as_the_code_does():
    english, french = WORDS
    sheet = flowing(SHEETS["Translation sentences"])
    assert f"{english} English and {french} French words" in sheet


def test_the_datasheet_of_photographs_has_a_row_for_each_with_its_size():
    table = {cells[0]: cells[2] for cells in rows(SHEETS["Photographs"], 5)}
    sizes = {name: photos.load_photo(name).shape for name in photos.PHOTOS}
    assert table == {name: f"{width} × {height}" for name, (_, height, width) in sizes.items()}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_networks_parameters_are_those_of_the_table(name):
    networks = [make() for make in NETWORKS[name]]
    assert COUNTS[name] == [sum(p.numel() for p in network.parameters()) for network in networks]


@pytest.mark.parametrize("name", BORROWED)
def test_a_borrowed_networks_parameters_are_those_that_torchvision_states(name):
    stated = get_model_weights(BORROWED[name]).DEFAULT.meta["num_params"]
    assert COUNTS[name] == [stated]


def test_the_table_holds_no_other_network():
    assert set(COUNTS) == set(NETWORKS) | set(BORROWED)


def test_imagenet_has_the_people_that_the_card_names():
    named = re.search(r"Three are people \(([\w ,]+)\)", flowing(CARDS["EfficientNet-Lite0"]))[1]
    classes = get_model_weights("resnet18").DEFAULT.meta["categories"]
    assert set(named.split(", ")) <= set(classes)
