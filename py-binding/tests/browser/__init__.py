"""What a real browser makes of the headers: Chromium against real servers, the docs pages' CDN played by cdn.py."""
