"""The room of chapter 5, choosing hyperparameters."""
