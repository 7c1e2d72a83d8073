// Runs before any other script of the page.
// The theme's icon script replaces each <i> by an <svg>; ipywidgets' Play button still needs
// its <i>, and fails without it. "nest" puts the drawing inside the <i> instead.
window.FontAwesomeConfig = { autoReplaceSvg: "nest" };
