"""Scripts beside the package: they read our corpus, train what ships under `models/` and `rules/`, and measure it."""

import os

# ONNX Runtime reports to its makers unless this is said before it starts
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
