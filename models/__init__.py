"""Scripts beside the package: they read our corpus, train what ships under `models/` and `rules/`, and measure it."""
