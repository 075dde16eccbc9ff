"""How fast, how large, how it grows: measurements that anyone can repeat. `make bench` runs them all."""
