"""A picture the reader steers: one to three controls over frames rendered in advance.

FrameExplorer(render, alt=alt, title="…", depth=[1, 2, 3], activation=["tanh", "ReLU"],
              start={"depth": 3}, play="depth")
"""

from collections.abc import Callable, Mapping, Sequence

import anywidget
import traitlets

from lib.widgets.assets import script, style
from lib.widgets.controls import Control, Value, find_position, grid, make_controls
from lib.widgets.frames import PIXELS, Figure, render_frames

MAX_BYTES = 600_000  # two explorers and the text fit a page of 1.5 MB


class FrameExplorer(anywidget.AnyWidget):
    """Controls above a picture; needs no kernel once it is built.

    Every combination of values is rendered when the explorer is made. Numbers become a slider,
    strings a list of choices. The frames are ordered as the points of `controls.grid`.
    """

    _esm = script("frame_explorer")
    _css = style("frame_explorer")
    title = traitlets.Unicode().tag(sync=True)
    controls = traitlets.List().tag(sync=True)
    position = traitlets.List(traitlets.Int()).tag(sync=True)
    still = traitlets.List(traitlets.Int(), default_value=None, allow_none=True).tag(sync=True)
    play = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    frames = traitlets.List(traitlets.Unicode()).tag(sync=True)
    alts = traitlets.List(traitlets.Unicode()).tag(sync=True)
    size = traitlets.List(traitlets.Int()).tag(sync=True)
    charts = traitlets.Bool().tag(sync=True)

    def __init__(
        self,
        render: Callable[..., Figure],
        /,
        *,
        alt: Callable[..., str],
        title: str,
        start: Mapping[str, Value] | None = None,
        still: Mapping[str, Value] | None = None,
        play: str | None = None,
        max_bytes: int = MAX_BYTES,
        pixels: int = PIXELS,
        progress: bool = True,
        **parameters: Control | Sequence[Value],
    ) -> None:
        """Render every frame.

        Args:
            render: called with one value per parameter, by name; returns a Figure made outside
                pyplot. All figures need the same proportions.
            alt: called like `render`; describes in words what that frame shows.
            title: the question the explorer answers, in plain text.
            start: the values shown first; a parameter left out starts at its first value.
            still: the values shown on paper, if different from those of `start`.
            play: the parameter a play button steps through, about two frames a second.
            max_bytes: the most that the frames may take in the page.
            pixels: width of a frame; half the default suits photographs, which are larger.
            progress: show a progress bar on stderr while rendering.
            **parameters: one to three: a sequence of values, or a `Control` to choose the label
                and how values are written.

        Raises:
            ValueError: invalid `start`, `still`, `play`, values, alt texts or frames, or frames
                that exceed `max_bytes`; the message says what was expected.
            TypeError: a parameter is not a sequence, or `render` returned no figure.
        """
        chosen = make_controls(parameters)
        if play is not None and play not in chosen:
            raise ValueError(f"play must be one of {', '.join(chosen)}; got {play!r}")
        position = find_position(chosen, start or {})
        paper = {**(start or {}), **still} if still else None
        described = [control.describe(name) for name, control in chosen.items()]
        points = grid(chosen)
        alts = [_alt_text(alt, point) for point in points]
        rendered = render_frames(
            render, points, max_bytes=max_bytes, pixels=pixels, progress=progress
        )
        super().__init__(
            title=title,
            controls=described,
            position=position,
            still=find_position(chosen, paper) if paper else None,
            play=play,
            frames=rendered.urls,
            alts=alts,
            size=list(rendered.size),
            charts=rendered.are_charts,
        )

    def __repr__(self) -> str:
        spans = ", ".join(f"{c['name']}: {len(c['texts'])}" for c in self.controls)
        weight = sum(map(len, self.frames)) / 1e3
        return f"FrameExplorer({self.title!r}, {spans}; {len(self.frames)} frames, {weight:.0f} kB)"


def _alt_text(alt: Callable[..., str], point: Mapping[str, Value]) -> str:
    text = alt(**point)
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"alt must return a text for every frame; got {text!r} for {point}")
    return text
