"""The room of chapter 10: its experiments, and what its figures and explorers show."""
