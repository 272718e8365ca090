"""How pydantic sees a `Principal`. Imported only when pydantic asks."""

from __future__ import annotations

from typing import Any

from pydantic_core import core_schema as of

from sallet._sallet import Principal


def shape() -> Any:
    """`{"id": ..., "name": ..., "scopes": [...]}`."""
    text = of.str_schema()
    kinds = {"id": text, "name": text, "scopes": of.list_schema(text)}
    return of.typed_dict_schema({name: of.typed_dict_field(kind) for name, kind in kinds.items()})


def core_schema() -> Any:
    """Written in its shape, and never read: a body that could be a `Principal` would let every client choose who it is."""
    return of.custom_error_schema(
        of.is_instance_schema(Principal),
        custom_error_type="principal",
        custom_error_message="A Principal is found by a scheme and never read: write Annotated[Principal, Depends(bearer)]",
        serialization=of.plain_serializer_function_ser_schema(_written, return_schema=shape()),
    )


def _written(who: Principal) -> dict[str, Any]:
    return {"id": who.id, "name": who.name, "scopes": list(who.scopes)}
