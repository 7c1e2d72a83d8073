"""The room of chapter 6, what models have learned."""
