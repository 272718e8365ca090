//! Credentials outside of `Authorization`: what is to be done about a request that shows some, besides reading them.
//!
//! Shared caches keep off by themselves only where there is an `Authorization` (RFC 9111 section 3.5), so the response is made
//! private. A secret among the subprotocols or in the query leaves the scope once it is read: the app would echo the one as the
//! protocol that it has chosen, and servers log the other.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use sallet_core::auth::{AuthRequest, Requirement, SUBPROTOCOL_FIELD, without_parameter, without_token};

use super::field_lines;
use super::request::Request;
use crate::headers;

/// Does it for a scheme that has read the request, and says whether the response has to be made private: nobody around does it.
pub(super) fn after(request: &Request<'_>, need: &Requirement<&str>) -> PyResult<bool> {
    if is_plain(need) {
        return Ok(false);
    }
    let shares = need.place(request).is_some() && need.makes_private(request);
    take_out(request, need)?;
    Ok(shares && !headers::keep_for_one(request.scope())?)
}

/// Whether nothing is read but `Authorization`.
const fn is_plain(need: &Requirement<&str>) -> bool {
    need.subprotocol().is_none() && need.parameter().is_none() && need.field().eq_ignore_ascii_case("authorization")
}

/// Likewise for somebody who finds the user nobody knows where: in a cookie, say.
pub(super) fn after_unknown(scope: &Bound<'_, PyDict>) -> PyResult<bool> {
    let mut authorization = false;
    field_lines::each(&field_lines::of_scope(scope)?, |name, _| {
        authorization |= name.as_bytes().eq_ignore_ascii_case(b"authorization");
        Ok(())
    })?;
    Ok(!authorization && !headers::keep_for_one(scope)?)
}

/// The name that is to be answered if the app chooses none of those offered: a browser gives up without (WHATWG WebSockets, section
/// 2.2, RFC 6455 section 4.1).
pub(super) fn subprotocol<'a>(request: &Request<'_>, need: &Requirement<&'a str>) -> Option<&'a str> {
    let name = need.subprotocol()?;
    let is_offered = request.is_websocket() && without_token(request, name).any(|one| one == name.as_bytes());
    is_offered.then_some(name)
}

/// Takes what the scheme reads from the subprotocols and the query out of the scope.
pub(super) fn take_out(request: &Request<'_>, need: &Requirement<&str>) -> PyResult<()> {
    let (scope, py) = (request.scope(), request.scope().py());
    if let Some(name) = subprotocol(request, need) {
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
