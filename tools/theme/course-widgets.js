// Runs between require.js and the widget manager, which would otherwise look for its files
// beside the page or on another host. All of them lie in vendor/, wherever the book is served.
{
  const vendor = new URL("vendor/", document.currentScript.src).href;
  window.requirejs.config({
    paths: {
      anywidget: `${vendor}anywidget`,
      "@jupyter-widgets/html-manager": `${vendor}embed-amd`, // its icon fonts lie beside it
    },
  });
}

// On every load the manager's JSON checker remarks on the style of the manager's own schema.
{
  const warn = console.warn;
  console.warn = (...message) => {
    if (!String(message[0]).startsWith("strict mode: use allowUnionTypes")) warn(...message);
  };
}
