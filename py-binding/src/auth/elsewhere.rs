//! What is still to be done about a request whose credentials were read: its response is one client's, and no shared cache may hand it
//! to the next.
//!
//! A secret among the subprotocols or in the query leaves the scope once it is read: the app would echo the one as the
//! protocol that it has chosen, and servers log the other.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use sallet_core::auth::{AuthRequest, Requirement, SUBPROTOCOL_FIELD, without_parameter, without_token};
use sallet_core::merge::Privacy;

use super::field_lines;
use super::request::Request;
use crate::headers;

/// Does it for a scheme that has read the request, and says how the response has to be made private: nobody around does it.
/// `refused`: it will be a refusal, or an error.
pub(super) fn after(request: &Request<'_>, need: &Requirement<&str>, refused: bool) -> PyResult<Option<Privacy>> {
    let privacy = need.privacy(request);
    take_out(request, need)?;
    if refused { Ok(None) } else { unless_around(request.scope(), privacy) }
}

/// Likewise for somebody who finds the user nobody knows where: in a cookie, say.
pub(super) fn after_unknown(scope: &Bound<'_, PyDict>) -> PyResult<Option<Privacy>> {
    let mut authorization = false;
    field_lines::each(&field_lines::of_scope(scope)?, |name, _| {
        authorization |= name.as_bytes().eq_ignore_ascii_case(b"authorization");
        Ok(())
    })?;
    unless_around(scope, if authorization { Privacy::UnlessShared } else { Privacy::Always })
}

fn unless_around(scope: &Bound<'_, PyDict>, privacy: Privacy) -> PyResult<Option<Privacy>> {
    Ok(if headers::keep_for_one(scope, privacy)? { None } else { Some(privacy) })
}

/// Takes what the scheme reads from the subprotocols and the query out of the scope.
pub(super) fn take_out(request: &Request<'_>, need: &Requirement<&str>) -> PyResult<()> {
    if need.is_in_field() {
        return Ok(());
    }
    let (scope, py) = (request.scope(), request.scope().py());
    if let Some(name) = need.offered_subprotocol(request) {
        // Once more what is in the scope by now: another scheme may have taken out its own.
        let now = Request::of(scope, |field| field.eq_ignore_ascii_case(SUBPROTOCOL_FIELD.as_bytes()))?;
        let left: Vec<_> = without_token(&now, name).collect();
        let names = left.iter().map(|name| String::from_utf8_lossy(name));
        scope.set_item(intern!(py, "subprotocols"), PyList::new(py, names)?)?;
        scope.set_item(intern!(py, "headers"), with_line(scope, &left.join(&b", "[..]))?)?;
    }
    if let Some(name) = need.parameter()
        && let Some(query) = request.query()
        && query.len() >= name.len()
    {
        let key = intern!(py, "query_string");
        let now = scope.get_item(key)?;
        let left: Vec<_> = without_parameter(crate::asgi::bytes(now.as_ref()).unwrap_or_default(), name).collect();
        scope.set_item(key, PyBytes::new(py, &left.join(&b'&')))?;
    }
    Ok(())
}

/// The fields of the scope with this line instead of those of the subprotocols.
fn with_line<'py>(scope: &Bound<'py, PyDict>, line: &[u8]) -> PyResult<Bound<'py, PyList>> {
    let py = scope.py();
    let (fields, mut is_new) = (PyList::empty(py), true);
    for item in field_lines::of_scope(scope)?.try_iter()? {
        let item = item?;
        let name = item.get_item(0)?;
        let is_it =
            name.cast::<PyBytes>().is_ok_and(|name| name.as_bytes().eq_ignore_ascii_case(SUBPROTOCOL_FIELD.as_bytes()));
        if !is_it {
            fields.append(item)?;
        } else if is_new {
            is_new = false;
            fields.append((name, PyBytes::new(py, line)))?;
        }
    }
    Ok(fields)
}
