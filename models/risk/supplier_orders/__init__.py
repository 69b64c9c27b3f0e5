"""The orders to place in the next days, whole, by supplier, buyer and order day."""
