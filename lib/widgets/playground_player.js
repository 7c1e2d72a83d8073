// Lets a run of the playground train, frame by frame, while it is in view.

const PER_FRAME = 2; // updates
const AHEAD_MS = 25; // of each frame, while it trains up to where a link stands

/**
 * A player of one run after another. `load` starts a training and brings it, unseen, to the updates
 * its settings ask for. `changed` hears of every frame and command, `ended` when a run is over.
 */
function makePlayer(pictures, { changed, ended }) {
  const player = { run: null, isPlaying: false };
  let [frame, isInView] = [null, true];
  const isBehind = () => player.run.updates < player.run.settings.updates;
  const isBusy = () => (player.isPlaying || isBehind()) && !isOver(player.run);
  const wake = () => {
    if (frame === null && isInView && isBusy()) frame = requestAnimationFrame(advance);
  };
  const show = () => {
    pictures.draw();
    if (isOver(player.run)) player.isPlaying = false;
    changed();
    if (isOver(player.run)) ended();
  };
  const advance = (now) => {
    frame = null;
    const { run } = player;
    const isAhead = isBehind()
      ? () => !isBehind() || performance.now() > now + AHEAD_MS
      : (count) => count === PER_FRAME;
    for (let count = 0; !isAhead(count) && !isOver(run); count++) trainOnce(run);
    show();
    wake();
  };
  player.load = (settings) => {
    player.run = startRun(settings);
    pictures.put(player.run);
    show();
    wake();
  };
  player.play = (isPlaying) => {
    player.stop(); // else the frame to come would still train
    player.isPlaying = isPlaying;
    changed();
    wake();
  };
  player.step = () => {
    player.stop();
    player.isPlaying = false;
    trainOnce(player.run);
    show();
  };
  player.stop = () => {
    cancelAnimationFrame(frame);
    frame = null;
  };
  player.see = (isSeen) => {
    isInView = isSeen;
    if (isSeen) wake();
    else player.stop();
  };
  return player;
}
