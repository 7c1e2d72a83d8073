"""The room of chapter 1, activation functions."""
