// Runs before any other script of the page.
// The theme's icon script replaces each <i> by an <svg>. "nest" puts the drawing inside the <i>, so
// that course.js finds it there whenever it is drawn.
window.FontAwesomeConfig = { autoReplaceSvg: "nest" };
