"""What a site sets: config.toml and the environment → frozen `Settings`."""
