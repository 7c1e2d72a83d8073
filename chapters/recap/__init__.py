"""The room of the opening chapter."""
