"""What Vigistock says without being asked: the morning list by e-mail, new dangers to a webhook."""
