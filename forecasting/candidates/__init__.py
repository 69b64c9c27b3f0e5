"""Families of candidate forecasts: one file each, one door to its library."""
