"""What notebooks, commands and schedules call: train, publish."""
