"""The room of chapter 4, data augmentation."""
