"""The room of chapter 8, images made by gradients."""
