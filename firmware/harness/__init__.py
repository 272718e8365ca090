"""What `firmware/run` is made of. Python 3.10 or newer, and nothing else of Python's."""
