"""A training of the playground: it repeats, it stops, and its stories are true."""

import functools

from lib.widgets.playground import LAST_UPDATE, OPTIONS, START, STORIES
from tests.lib.widgets.javascript import run_js

CODE = f"""
import {{ forward, makeTrace }} from "./network.js";
import {{ isOver, observe, startRun, trainOnce }} from "./playground_run.js";
const LAST = {LAST_UPDATE};
"""
TRAIN = """
return cases.map(([settings, stops]) => {
  const run = startRun(settings, LAST);
  return stops.map((stop) => {
    while (run.updates < stop && !isOver(run)) trainOnce(run);
    const { updates, diverged, history } = run;
    return { updates, diverged, history: [...history], ...(diverged ? {} : observe(run)) };
  });
});
"""
SEEDS = (1, 2, 3, 4, 5)


def train(*cases: tuple[dict, list[int]]) -> list:
    """What each training with these changes of `START` was at each of its stops."""
    return run_js(CODE, TRAIN, cases=[[START | changes, stops] for changes, stops in cases])


@functools.cache
def tell(name: str, *stops: int, changes: tuple = ()) -> list:
    """A story's training at these updates, for every seed."""
    (story,) = (story for story in STORIES if story.name == name)
    starts = [{**story.start, **dict(changes), "seed": seed} for seed in SEEDS]
    return train(*((start, list(stops)) for start in starts))


def test_the_same_settings_train_the_same_network():
    settings = {"dropout": 0.2, "data": "arms"}
    once, again, other = train(
        (settings, [50]), (settings, [20, 50]), (settings | {"seed": 2}, [50])
    )
    assert once[-1] == again[-1]
    assert once[-1]["history"] != other[-1]["history"]


def test_it_learns():
    for data in OPTIONS["data"][1]:
        ((after,),) = train(({"data": data, "units": 8, "layers": 3, "lr": 0.1}, [600]))
        assert after["train"]["accuracy"] > 0.85, data
        assert after["validation"]["accuracy"] > 0.6, data


def test_the_curves_begin_before_the_first_update_and_go_on_every_five():
    ((at_12,),) = train(({}, [12]))
    assert [entry["updates"] for entry in at_12["history"]] == [0, 5, 10]


def test_it_stops_at_the_last_update():
    ((end,),) = train(({"units": 1, "layers": 1}, [LAST_UPDATE + 10]))
    assert end["updates"] == LAST_UPDATE


def test_validation_points_do_not_train():
    body = """
    const run = startRun(settings, LAST);
    const before = JSON.stringify(run.validation);
    for (let i = 0; i < 30; i++) trainOnce(run);
    const trained = new Set([...run.train.points]);
    return [before === JSON.stringify(run.validation),
            [...run.validation.points].some((x) => trained.has(x))];
    """
    assert run_js(CODE, body, settings=START) == [True, False]


def test_the_first_layer_of_the_spirals_has_straight_edges_only():
    """As its story says: along a line, a unit of the first layer never turns back."""
    body = """
    const run = startRun({ ...settings, updates: 0 }, LAST);
    while (run.updates < 600) trainOnce(run);
    const line = Array.from({ length: 400 }, (_, i) => 3 * (Math.floor(i / 2) / 100 - 1));
    const trace = makeTrace(run.network, 200);
    forward(run.network, line, trace);
    return trace.post.slice(0, 3).map((activations) => {
      const turns = Array(8).fill(0);
      for (let n = 2; n < 200; n++) for (let u = 0; u < 8; u++) {
        const [a, b, c] = [n - 2, n - 1, n].map((at) => activations[8 * at + u]);
        turns[u] += (b - a) * (c - b) < 0;
      }
      return Math.max(...turns);
    });
    """
    settings = START | dict(STORIES[1].start)
    first, second, third = run_js(CODE, body, settings=settings)
    assert first == 0
    assert second > 0 and third > 0


def test_six_sigmoid_layers_stay_at_guessing_and_six_of_tanh_do_not():
    for (end,) in tell("Six sigmoid layers", 500):
        assert end["train"]["accuracy"] < 0.6 and end["train"]["loss"] > 0.68
    better = tell("Six sigmoid layers", 500, changes=(("activation", "tanh"),))
    assert all(end["train"]["accuracy"] > 0.95 for (end,) in better)


def test_too_large_a_step_diverges_within_a_few_dozen_updates_and_a_small_one_learns():
    for (end,) in tell("Too large a step", 60):
        assert end["diverged"] and end["updates"] < 60
    assert all(
        e["train"]["accuracy"] > 0.95
        for (e,) in tell("Too large a step", 500, changes=(("lr", 0.03),))
    )
    dead = tell("Too large a step", 500, changes=(("activation", "relu"),))
    assert all(not e["diverged"] and e["train"]["accuracy"] < 0.6 for (e,) in dead)


def test_the_noisy_story_counts_its_parameters():
    (story,) = (story for story in STORIES if story.name == "Learning the noise")
    body = "return startRun(settings, LAST).network.parameters.length;"
    count = run_js(CODE, body, settings=START | dict(story.start))
    assert f"{story.start['points']} noisy points, {count} parameters" in story.question


def test_noise_is_learned_while_validation_loss_climbs():
    for early, late in tell("Learning the noise", 50, 500):
        assert late["train"]["loss"] < early["train"]["loss"]
        assert late["validation"]["loss"] > 1.5 * early["validation"]["loss"]
        gap = late["validation"]["accuracy"] - early["validation"]["accuracy"]
        assert abs(gap) < 0.12


def test_weight_decay_lowers_validation_loss_and_raises_training_loss():
    pairs = zip(tell("Learning the noise", 500), tell("Weight decay", 500), strict=True)
    for (free,), (decayed,) in pairs:
        assert decayed["validation"]["loss"] < 0.6 * free["validation"]["loss"]
        assert decayed["train"]["loss"] > free["train"]["loss"]
