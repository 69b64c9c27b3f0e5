"""What people know and the data do not: kept, applied to what is published, judged."""
