import torch

from lib import runtime
from lib.training import accuracy, classifiers, predict

RUN = runtime.start("quick", device="cpu", threads=1)


def same(a, b):
    return all(
        torch.equal(x, y)
        for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    )


def test_a_network_that_was_kept_is_the_one_that_was_trained(tmp_path, monkeypatch):
    fresh = classifiers.scene_classifiers(RUN, seeds=[0], cache=tmp_path)[0]
    monkeypatch.setattr(classifiers, "run_trials", None)  # would fail if it trained again
    kept = classifiers.scene_classifiers(RUN, seeds=[0], cache=tmp_path)[0]
    assert same(fresh, kept)
    assert not kept.training


def test_it_knows_more_than_a_guesser(tmp_path):
    network = classifiers.scene_classifiers(RUN, seeds=[0], cache=tmp_path)[0]
    seen = classifiers.training_scenes(RUN)
    assert accuracy(predict(network, seen.images), seen.labels) > 0.3


def test_another_recipe_is_another_file(tmp_path):
    classifiers.scene_classifiers(RUN, seeds=[0, 1], cache=tmp_path)
    classifiers.scene_classifiers(RUN, seeds=[0], bias=1.0, cache=tmp_path)[0]
    assert len(list(tmp_path.iterdir())) == 3


def test_a_damaged_file_is_said_and_replaced(tmp_path, capsys):
    fresh = classifiers.scene_classifiers(RUN, seeds=[0], cache=tmp_path)[0]
    (file,) = tmp_path.iterdir()
    content = bytearray(file.read_bytes())
    content[2000] ^= 4
    file.write_bytes(content)
    assert same(classifiers.scene_classifiers(RUN, seeds=[0], cache=tmp_path)[0], fresh)
    assert "is damaged; its network is trained again" in capsys.readouterr().err
    assert file.read_bytes() != bytes(content)
