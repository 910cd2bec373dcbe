"""Photos: reading them, making them square, keeping them decoded on disk."""
