"""A differential fuzz of the guard against the routing of Starlette and FastAPI.

Random requests go to real apps (`shapes`) behind the real guard (`worlds`). Each handler writes down its name and the
parameters the router gave it; `oracle` turns those back into the path the handler was reached under and decides from the
rules whether anyone may reach it there. Nothing of Sallet's own reading of a path is used.
"""
