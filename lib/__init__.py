"""The course's shared code. CONTRIBUTING.md lists its floors, lowest first; a test keeps them."""
