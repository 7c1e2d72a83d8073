import torch

from lib import runtime, trained
from lib.training import accuracy, predict

RUN = runtime.start("quick", device="cpu", threads=1)


def same(a, b):
    return all(
        torch.equal(x, y)
        for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    )


def test_a_network_that_was_kept_is_the_one_that_was_trained(tmp_path, monkeypatch):
    fresh = trained.scene_classifier(RUN, cache=tmp_path)
    monkeypatch.setattr(trained, "run_trials", None)  # would fail if it trained again
    kept = trained.scene_classifier(RUN, cache=tmp_path)
    assert same(fresh, kept)
    assert not kept.training


def test_it_knows_more_than_a_guesser(tmp_path):
    network = trained.scene_classifier(RUN, cache=tmp_path)
    seen = trained.training_scenes(RUN)
    assert accuracy(predict(network, seen.images), seen.labels) > 0.3


def test_another_recipe_is_another_file(tmp_path):
    trained.scene_classifiers(RUN, seeds=[0, 1], cache=tmp_path)
    trained.scene_classifier(RUN, bias=1.0, cache=tmp_path)
    assert len(list(tmp_path.iterdir())) == 3


def test_changed_code_trains_again(tmp_path, monkeypatch):
    trained.scene_classifier(RUN, cache=tmp_path)
    monkeypatch.setattr(trained, "CODE", ("models",))
    trained.scene_classifier(RUN, cache=tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_damaged_file_is_said_and_replaced(tmp_path, capsys):
    fresh = trained.scene_classifier(RUN, cache=tmp_path)
    (file,) = tmp_path.iterdir()
    content = bytearray(file.read_bytes())
    content[2000] ^= 4
    file.write_bytes(content)
    assert same(trained.scene_classifier(RUN, cache=tmp_path), fresh)
    assert "is damaged; its network is trained again" in capsys.readouterr().err
    assert file.read_bytes() != bytes(content)
