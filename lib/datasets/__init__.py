"""Data sets: verified files, loaded as tensors that stay on one device."""
