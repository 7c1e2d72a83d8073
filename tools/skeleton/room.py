"""The room of the chapter on skeleton."""
