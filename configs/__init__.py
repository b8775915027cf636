"""One file per run that a user starts; a word after a colon names a variant. `base` and `maskgan` are shared."""
