"""Makes the book's page of claims, and the file with every value of every run."""
