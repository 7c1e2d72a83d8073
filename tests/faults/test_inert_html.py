"""HTML and script in captions, labels, names and cell output: shown as text, and never run."""

import json
from dataclasses import replace
from urllib.parse import urlencode

import nbformat
import pytest
import torch
from matplotlib.figure import Figure

from lib.evidence.cards import Card
from lib.evidence.ledger import Ledger
from lib.widgets import (
    AttentionReader,
    Choice,
    CommandCenter,
    Control,
    ConvolutionExplorer,
    FrameExplorer,
    PictureMap,
    Playground,
    Prediction,
    Reading,
    RunCurves,
    Viewing,
)
from tests.browser import serve
from tests.evidence import make_claim, make_record
from tests.faults.cases import sampled
from tools import build
from tools.claims_page.page import render_claims_page

PAYLOADS = {
    "script": "<script>run()</script>",
    "image": "<img src=x onerror=run()>",
    "drawing": "<svg onload=run()><circle r=9></svg>",
    "closing": "</script></textarea></style></p></div><script>run()</script>",
    "attribute": "\"'> <b onmouseover=run() autofocus tabindex=1 onfocus=run()>x</b>",
    "link": "<a href=javascript:run()>javascript:run()</a>",
    "frame": "<iframe srcdoc='<script>parent.run()</script>'></iframe>",
    "opening": "<details open ontoggle=run()>x</details>",
    "nested": "<math><mtext><table><mglyph><style><img src=x onerror=run()>",
    "entities": "&lt;img src=x onerror=run()&gt;&#60;script&#62;run()&#60;/script&#62;",
    "templates": "${run()} {{run()}} {% run() %} <%= run() %> `run()`",
    "style": "<style>* { display: none }</style><link rel=stylesheet href=//evil.test/x>",
}
# An attempt to run something is counted, also one by a new window or from a frame.
WATCH = """window.ran = 0;
for (const name of ["run", "alert", "open"]) window[name] = () => { window.ran += 1; };"""
FOREIGN = (
    "script, iframe, object, embed, base, link, .shown style, a[href^=javascript], img[src=x], "
    "[onerror], [onload], [onfocus], [ontoggle], [onmouseover]"
)
MOUNT = """async ({code, state}) => {
    const on = new Map();
    const model = {
        get: (name) => state[name],
        set: (name, value) => {
            state[name] = value;
            (on.get(`change:${name}`) ?? []).forEach((heard) => heard());
        },
        on: (events, heard) => {
            for (const event of events.split(" ")) on.set(event, [...(on.get(event) ?? []), heard]);
        },
        off: () => {},
        save_changes: () => {},
    };
    const url = URL.createObjectURL(new Blob([code], {type: "text/javascript"}));
    const { default: widget } = await import(url);
    const el = document.querySelector(".shown");
    await widget.render({ model, el });
}"""
# Everything a reader sees or hears of: text, and what attributes say.
TOLD = """() => [...document.querySelectorAll(".shown, .shown *")].flatMap((node) => [
    node.textContent, node.value ?? "", ...[...node.attributes].map(({ value }) => value)
])"""
PICTURES = torch.rand(2, 3, 4, 4)


def explorer(text):
    controls = {"x": Control([text, "other"], label=text), "y": Control([1, 2], label=text)}
    options = {"title": text, "play": "x", "pixels": 40, "progress": False}
    return FrameExplorer(
        lambda **_: Figure(figsize=(1, 1)), alt=lambda **_: text, **options, **controls
    )


def center(text):
    curves = {text: ([1, 2], [0.5, 0.25])}
    runs = [RunCurves({text: setting}, curves) for setting in (text, "other")]
    return CommandCenter(runs, text, text, text, text)


WIDGETS = {
    "prediction": lambda t: Prediction(t, [Choice(t, why=t), Choice(f"{t}.", why=t, correct=True)]),
    "frames": explorer,
    "curves": center,
    "map": lambda t: PictureMap(
        PICTURES, [0, 0], [t], {t: [[0, 0], [1, 1]]}, {t: [[1], [0]]}, title=t
    ),
    "sentences": lambda t: AttentionReader(
        [Reading([t], [t], [[1.0]], name=t, truth=[t, t])] * 2, title=t, languages=(t, t)
    ),
    "picture": lambda t: AttentionReader(
        [Viewing(PICTURES[0], [t], [[0.5, 0.5]], 1, name=t, truth=[t, t])] * 2, title=t
    ),
    "convolution": lambda t: ConvolutionExplorer(title=t, question=t),
    "playground": lambda t: Playground(t, stories=True),
}


@pytest.fixture(scope="module")
def tab(browser):
    """A tab that notes what it asks for and what goes wrong."""
    context = browser.new_context()
    tab, tab.left, tab.errors = context.new_page(), [], []
    tab.add_init_script(WATCH)
    tab.on("request", lambda request: tab.left.append(request.url))
    tab.on("dialog", lambda dialog: tab.left.append(dialog.message))
    tab.on("pageerror", lambda error: tab.errors.append(str(error)))
    yield tab
    context.close()


@pytest.fixture
def page(tab):
    """An empty page in it."""
    tab.goto("data:text/html,<!DOCTYPE html><div class=shown></div>")
    tab.left.clear(), tab.errors.clear()
    return tab


def mount(page, made):
    """Show a widget as anywidget does, with a model that has no kernel."""
    state = {name: getattr(made, name) for name in made.keys if not name.startswith("_")}
    state = json.loads(json.dumps(state, default=str))
    page.evaluate(MOUNT, {"code": made._esm, "state": state})


def operate(page):
    """What a reader may do: point at everything, press every button, use the keys."""
    page.evaluate("""() => {
        const innermost = [...document.querySelectorAll(".shown :not(:has(*))")];
        for (const node of innermost) {
            const events = node.matches("input, select") ? ["input"] : ["mouseover", "click"];
            for (const event of [...events, "mouseenter", "focus"]) {
                if (node.isConnected) node.dispatchEvent(new Event(event, { bubbles: true }));
            }
        }
    }""")
    for key in ("ArrowRight", "Enter", "End"):
        page.keyboard.press(key)


def assert_inert(page):
    """Nothing ran, nothing was asked for, and no element came from a text."""
    assert page.evaluate("window.ran") == 0
    assert page.locator(f".shown :is({FOREIGN})").count() == 0
    assert [url for url in page.left if not url.startswith(("data:", "blob:"))] == []
    assert page.errors == []


@pytest.mark.parametrize(
    ("widget", "payload"), sampled([(w, p) for w in WIDGETS for p in PAYLOADS], quick=8)
)
def test_a_widget_shows_html_as_text(widget, payload, page):
    text = PAYLOADS[payload]
    mount(page, WIDGETS[widget](text))
    operate(page)
    page.wait_for_timeout(20)
    assert_inert(page)
    plain = text.replace("`", "") if widget == "prediction" else text
    assert any(plain in told for told in page.evaluate(TOLD)), "the text is not shown as it is"


@pytest.mark.parametrize("payload", sampled(PAYLOADS, quick=3))
def test_an_address_with_html_starts_the_playground_as_it_is(payload, page):
    made = Playground("Play")
    mount(page, made)
    expected = page.locator(".shown").inner_text()
    hostile = urlencode(dict.fromkeys([*made.start, "title", "name"], PAYLOADS[payload]))
    page.evaluate(
        "to => { document.querySelector('.shown').replaceChildren(); location.hash = to }",
        f"#playground?{hostile}",
    )
    mount(page, made)
    assert page.locator(".shown").inner_text() == expected
    operate(page)
    page.wait_for_timeout(20)
    assert_inert(page)
    assert not any(PAYLOADS[payload] in told for told in page.evaluate(TOLD))


@pytest.mark.parametrize("payload", sampled(PAYLOADS, quick=3))
def test_a_claim_shows_html_as_text(payload, page, capsys):
    text = PAYLOADS[payload]
    claim = make_claim("id", statement=text, estimand=text, unit=text, rows=(text,))
    run = make_record({claim: [1.0, 1.1, 1.2]}, processor=text)
    ledger = Ledger([run, replace(run, withdrawn=text)])
    made = Card.of(claim, ledger, [1.0])
    row = next(
        line
        for line in render_claims_page({"chapters/01_a": ("A", [made])}, ledger).splitlines()
        if line.startswith("<li")
    )
    shown = made._repr_html_() + row.replace("<details", "<details open")
    page.evaluate("html => { document.querySelector('.shown').innerHTML = html }", shown)
    operate(page)
    page.wait_for_timeout(20)
    assert_inert(page)
    assert text in page.locator(".course-claim-statement").first.inner_text()
    assert text in page.locator("li .course-claim-statement").inner_text()
    assert page.locator("details td").filter(has_text="AVX2").count() == 2
    assert page.locator(".course-claim-numbers").first.inner_text().count(text) == 2


OUTPUTS = {
    "stream": lambda t: nbformat.v4.new_output("stream", text=t),
    "result": lambda t: nbformat.v4.new_output("execute_result", {"text/plain": t}),
    "error": lambda t: nbformat.v4.new_output(
        "error", ename=t, evalue=t, traceback=[f"ValueError: {t}"]
    ),
    "code": lambda t: nbformat.v4.new_output("stream", text="see the code"),
}


def notebook(kind):
    """A notebook in which every payload is the output of a cell, or its code."""
    cells = [nbformat.v4.new_markdown_cell(f"# {kind}")]
    for payload in PAYLOADS.values():
        source = repr(payload) if kind == "code" else "show()"
        output = OUTPUTS[kind](payload)
        cells.append(nbformat.v4.new_code_cell(source, outputs=[output], execution_count=1))
    language = {"name": "python", "pygments_lexer": "ipython3"}
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"language_info": language, "kernelspec": kernel}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The address of a book with a page for each kind of output, which holds every payload."""
    folder = tmp_path_factory.mktemp("book")
    chapters = "".join(f"- file: {kind}\n" for kind in OUTPUTS)
    files = {
        "_toc.yml": f"format: jb-book\nroot: index\nchapters:\n{chapters}".encode(),
        "_config.yml": b"title: T\nexecute: {execute_notebooks: 'off'}\n",
        "index.md": b"# Book\n",
    }
    for kind in OUTPUTS:
        files[f"{kind}.ipynb"] = nbformat.writes(notebook(kind)).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "BUILD", folder)
        build.render(files, folder / "html", "key")
    with serve(folder / "html") as address:
        yield address


@pytest.mark.parametrize("kind", sampled(OUTPUTS, quick=0))
def test_a_page_of_the_book_shows_output_as_text(kind, pages, page):
    page.goto(f"{pages}/{kind}.html", wait_until="load")
    operate(page)
    assert page.evaluate("window.ran") == 0
    foreign = "iframe, details, b, circle, math, [href^=javascript], img[src=x], link[href*=evil]"
    assert page.locator(f"article .cell :is({foreign})").count() == 0
    shown = page.locator("article").inner_text()
    for payload in PAYLOADS.values():
        assert (repr(payload) if kind == "code" else payload) in shown
