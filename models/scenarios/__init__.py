"""What if? A declaration changes the inputs of a publication, the same code runs, both compare."""
