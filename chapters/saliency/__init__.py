"""The room of chapter 7, maps of the pixels that matter."""
