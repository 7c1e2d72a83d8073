"""The room of chapter 3: its pictures, its experiments and its contest of nine methods."""
