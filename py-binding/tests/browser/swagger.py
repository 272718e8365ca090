"""What a person does on Swagger UI's page."""

from __future__ import annotations

from playwright.sync_api import Locator, Page


def open_docs(page: Page, base: str) -> None:
    page.goto(f"{base}/docs")
    page.locator(".opblock").first.wait_for()


def authorize(page: Page, token: str) -> None:
    page.get_by_role("button", name="Authorize").click()
    page.locator(".auth-container input").first.fill(token)
    page.locator(".auth-btn-wrapper button.authorize").click()
    page.locator(".auth-btn-wrapper .btn-done").click()


def operation(page: Page, method: str, path: str) -> Locator:
    """The block of one operation, unfolded."""
    # Swagger puts invisible break points into the path on the page; the attribute has it plain.
    block = page.locator(f".opblock-{method}").filter(has=page.locator(f'[data-path="{path}"]'))
    block.locator(".opblock-summary-control").click()
    return block


def try_out(block: Locator) -> str:
    """Sends the request; returns the status that the page shows."""
    block.get_by_role("button", name="Try it out").click()
    block.get_by_role("button", name="Execute").click()
    status = block.locator(".live-responses-table .response .response-col_status")
    status.wait_for()
    return status.inner_text().split()[0]
