"""What `minsheng doctor` looks at: each check is a function of a `Place` that gives back a `Finding`."""
