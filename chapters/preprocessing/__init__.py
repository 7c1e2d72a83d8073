"""The room of chapter 2, preprocessing."""
