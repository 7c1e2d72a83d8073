// A button that lets a widget go on by itself, step by step, until it has come to its end.

/** Draws a play button that says what a press will do. */
function showInWords(button, isPlaying) {
  button.classList.add("course-button");
  button.textContent = isPlaying ? "❚❚ Pause" : "▶ Play";
}

/**
 * A button that plays and pauses. `begin` takes the first step; `step` takes another, and returns
 * whether there are more; `pause` gives the milliseconds between two. `show` draws the button,
 * `end` hears when it has stopped.
 */
function makePlayer({ begin, step, pause, show = showInWords, end = () => {} }) {
  const button = element("button", { type: "button", class: "course-play" });
  let timer = null;
  const draw = () => show(button, timer !== null);
  const stop = () => {
    if (timer === null) return;
    clearInterval(timer);
    timer = null;
    draw();
    end();
  };
  const start = () => {
    begin();
    timer = setInterval(() => step() || stop(), pause());
    draw();
  };
  button.addEventListener("click", () => (timer === null ? start() : stop()));
  draw();
  return { button, stop, isPlaying: () => timer !== null };
}
