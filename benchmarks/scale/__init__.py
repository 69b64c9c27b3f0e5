"""What a company of M5's size costs: ingest, training, publication, and how that grows."""
