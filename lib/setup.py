"""What notebooks of the first edition call in their first cell: it tells readers how to update."""


class SetupError(RuntimeError):
    """The notebook and the course have different editions."""


def prepare(*, install: bool) -> None:
    """Say what to do with a notebook of the first edition, whose imports have moved since.

    Raises:
        SetupError: always.
    """
    raise SetupError(
        "This notebook belongs to the first edition of the course, but the code beside it is "
        "newer, and what the notebook imports has moved. Open the current chapter (the book links "
        "to it, and it is in chapters/ of the repository) and copy your answers into it. If the "
        "notebook was handed out to you, ask for the new one."
    )
