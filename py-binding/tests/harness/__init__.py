"""What the tests share: real servers, a raw HTTP client that hides nothing, and an in-process ASGI driver."""
