"""What notebooks of the first edition call in their first cell: it tells readers how to update."""


class SetupError(RuntimeError):
    """The notebook and the course have different editions."""


def prepare(*, install: bool) -> None:
    """Say what to do with a notebook of the first edition, whose imports have moved since.

    Raises:
        SetupError: always.
    """
    raise SetupError(
        "This notebook is of the first edition of the course, and the code beside it is of a later "
        "one, in which what it imports has moved. Open the chapter anew (the book links to it, and "
        "the repository holds it in chapters/) and copy your answers into it: the exercises are "
        "the same. For a notebook that was handed out to you, ask for the new one."
    )
