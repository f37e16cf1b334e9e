"""HTTP: what stands between a request and the rules, and the answer's envelope."""
