import pytest
from playwright.sync_api import expect

STATE = "application/vnd.jupyter.widget-state+json"
HOSTS = ("ipywidgets 8", "ipywidgets 7")
pytestmark = pytest.mark.parametrize("host", HOSTS)


def test_the_saved_notebook_holds_every_widget_whole(saved, host):
    models = saved(host).metadata.widgets[STATE]["state"].values()
    states = [model["state"] for model in models if model["model_module"] == "anywidget"]
    order = {"choices": 0, "frames": 1, "runs": 2, "sheet": 3, "limits": 4, "readings": 5}
    prediction, explorer, center, picture_map, convolution, *readers = sorted(
        states, key=lambda state: next(place for key, place in order.items() if key in state)
    )
    assert [run["curves"][0]["diverged"] for run in center["runs"]] == [True, False, False]
    assert len(explorer["frames"]) == len(explorer["alts"]) == 6
    assert explorer["position"] == [1, 0]
    assert [choice["correct"] for choice in prediction["choices"]] == [True, False]
    assert picture_map["sheet"].startswith("data:image/webp") and len(picture_map["layouts"]) == 2
    assert (convolution["size"], convolution["stride"]) == (7, 2)
    reader, viewer = sorted(readers, key=lambda state: state["readings"][0]["picture"])
    assert viewer["readings"][0]["picture"].startswith("data:image/webp")
    assert [reading["weights"] for reading in reader["readings"]] == [
        [[250, 750], [0, 1000]],
        [[1000]],
    ]


def test_the_picture_follows_the_controls(open_saved, host):
    page = open_saved(host)
    frame = page.locator(".course-frame")
    expect(frame).to_have_attribute("alt", "The words tanh, 2 layers")
    before = frame.get_attribute("src")
    slider = page.get_by_label("Depth", exact=True)
    expect(slider).to_have_attribute("aria-valuetext", "2")
    slider.press("ArrowRight")
    expect(frame).to_have_attribute("alt", "The words tanh, 4 layers")
    assert frame.get_attribute("src") != before
    page.get_by_label("Activation").select_option("ReLU")
    expect(frame).to_have_attribute("alt", "The words ReLU, 4 layers")
    expect(page.get_by_role("status").first).to_have_text("Depth: 4, Activation: ReLU")
    assert frame.evaluate("image => image.naturalWidth") == int(frame.get_attribute("width"))


def test_play_steps_to_the_end_and_starts_over(open_saved, host):
    page = open_saved(host)
    frame, button = page.locator(".course-frame"), page.locator(".course-explorer .course-play")
    expect(button).to_have_accessible_name("Play through Depth")
    page.get_by_label("Depth", exact=True).press("Home")
    button.press("Enter")
    expect(button).to_have_accessible_name("Pause Depth")
    expect(frame).to_have_attribute("alt", "The words tanh, 4 layers")
    expect(button).to_have_accessible_name("Play through Depth")
    button.click()
    expect(frame).to_have_attribute("alt", "The words tanh, 1 layers")
    button.click()
    expect(button).to_have_accessible_name("Play through Depth")


def test_a_prediction_reveals_only_after_the_commitment(open_saved, host):
    page = open_saved(host)
    commit, reveals = page.locator(".course-commit"), page.locator(".course-reveal")
    expect(commit).to_be_disabled()
    page.get_by_role("radio", name="1", exact=True).check()
    expect(reveals).to_have_count(0)
    commit.press("Enter")
    expect(reveals).to_have_text(
        [
            "Right. It is constant there: 1 < 2 & <b>no tag</b>.",
            "Wrong. That is the slope at x = +1.",
        ]
    )
    expect(page.locator(".course-choice").nth(1)).to_contain_text("Your prediction")
    expect(page.get_by_text("Your prediction is wrong.")).to_be_visible()
    expect(page.get_by_role("button", name="Think again")).to_be_focused()
    page.keyboard.press("Enter")
    expect(reveals).to_have_count(0)
    expect(commit).to_be_disabled()


def test_a_row_of_the_command_center_names_its_run_and_lifts_its_line(open_saved, host):
    page = open_saved(host)
    center = page.locator(".course-command-center")
    expect(center.locator(".course-title")).to_have_text("Which run is <b>best</b>?")
    expect(center.locator("path.course-line:not(.course-cross)")).to_have_count(3)
    expect(center.locator("path.course-cross")).to_have_count(1)
    center.locator("tbody input").first.focus()
    page.keyboard.press("Space")
    told = center.locator(".course-told")
    expect(told).to_have_text(
        "Run 2: learning rate 0.01, kind plain. Rank 1 of 3 by training loss (nats): 0.250."
    )
    expect(center.locator(".course-picked")).to_have_attribute("data-run", "1")
    page.keyboard.press("ArrowUp")
    expect(told).to_contain_text("kind <b>no tag</b>. Rank 3 of 3")
    expect(told).to_contain_text("diverged")
    center.get_by_label("kind", exact=True).select_option("plain")
    expect(center.locator(".course-count")).to_contain_text("2 of 3 runs shown")
    expect(center.get_by_role("img")).to_have_accessible_name(
        "training loss (nats) over updates for 2 of 3 runs. "
        "Best: Run 2: learning rate 0.01, kind plain, 0.250."
    )


def test_jupyterlab_is_told_to_leave_the_keys_of_every_control_alone(open_saved, host):
    page = open_saved(host)
    expect(page.locator(".course-prediction")).to_be_visible()
    controls = page.locator(".course-card").locator("button, input, select")
    assert controls.count() == 62
    assert all(control.get_attribute("data-lm-suppress-shortcuts") for control in controls.all())


def test_the_keys_move_over_the_pictures_of_a_map(open_saved, host):
    page = open_saved(host)
    picture_map = page.locator(".course-picture-map")
    expect(picture_map.locator(".course-title")).to_have_text("Who is <b>close</b>?")
    told = picture_map.get_by_role("status")
    expect(told).to_have_text(
        "<b>no tag</b>, picture 1. Neighbors of its class: 1 of 1 in features, 0 of 1 in pixels."
    )
    picture_map.get_by_role("listbox").focus()
    page.keyboard.press("ArrowRight")
    expect(told).to_contain_text("plain, picture 2")
    picture_map.get_by_label("Lay out by").select_option("reversed")
    picture_map.get_by_role("listbox").focus()
    page.keyboard.press("ArrowRight")
    expect(told).to_contain_text("picture 1")


def test_a_word_of_the_reader_shows_where_the_network_looked(open_saved, host):
    page = open_saved(host)
    reader = page.locator(".course-attention").first
    expect(reader.locator(".course-title")).to_have_text("Where did it <b>look</b>?")
    told = reader.get_by_role("status")
    expect(told).to_have_text("Before it wrote “le”, it looked at “<b>cat</b>” (75%), “the” (25%).")
    reader.get_by_label("Frame the words it translates").check()
    expect(told).to_contain_text("It translates “the”.")
    reader.get_by_role("radio", name="le").focus()
    page.keyboard.press("ArrowRight")
    expect(told).to_contain_text("Before it wrote “chat”, it looked at “<b>cat</b>” (100%).")
    reader.get_by_label("Sentence").select_option("yes")
    expect(told).to_have_text("Before it wrote “oui”, it looked at “yes” (100%).")


def test_a_word_about_a_picture_shows_where_the_network_looked(open_saved, host):
    page = open_saved(host)
    reader = page.locator(".course-attention").last
    told = reader.get_by_role("status")
    expect(told).to_have_text(
        "Before it wrote “a”, it looked at row 1, column 2 (75%); row 1, column 1 (25%)."
    )
    reader.get_by_label("Mark what is wrong").check()
    expect(reader.locator(".course-wrong")).to_have_text("<b>red</b>")
    expect(reader.locator(".course-truth")).to_have_text("Right would be: a blue ring")
    reader.get_by_label("Frame what the word is about").check()
    reader.get_by_role("radio", name="<b>red</b>").click()
    expect(reader.locator(".course-right")).to_have_count(1)
    expect(told).to_contain_text("The word is about what is framed. This word is wrong.")
    reader.get_by_label("Picture").select_option("Picture 2")
    expect(reader.locator(".course-truth")).to_have_text("All of it is right.")


def test_the_output_of_a_convolution_follows_its_settings(open_saved, host):
    page = open_saved(host)
    card = page.locator(".course-convolution")
    expect(card.locator(".course-title")).to_have_text("How <b>large</b>?")
    expect(card.locator(".course-formula b")).to_have_text("= 3")
    card.get_by_role("button", name="Raise Padding P").click()
    expect(card.locator(".course-formula b")).to_have_text("= 4")
    card.get_by_role("slider").press("ArrowRight")
    expect(card.locator(".course-told")).to_have_text(
        "Output in row 1, column 2: rows 1 to 3, columns 3 to 5 of the padded picture."
    )
