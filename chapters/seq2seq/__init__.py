"""The room of chapter 9: its experiments, and what its figures and explorers show."""
