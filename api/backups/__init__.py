"""One archive with all of a workspace that cannot be made again, and the way back."""
