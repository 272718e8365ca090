//! Where credentials are in a request, and how they are kept from those who need not see them.

use http::header::{Entry, SEC_WEBSOCKET_PROTOCOL};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri};
use sallet_core::auth::{Requirement, without_parameter, without_token};

use super::asked::Asked;

/// All places that the schemes of a layer look at.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    fields: Vec<HeaderName>,
    subprotocols: Vec<String>,
    parameters: Vec<String>,
}

impl Places {
    pub(super) fn add(&mut self, need: Requirement<&str>, field: &HeaderName) {
        if !self.fields.contains(field) {
            self.fields.push(field.clone());
        }
        self.subprotocols.extend(need.subprotocol().map(str::to_owned));
        self.parameters.extend(need.parameter().map(str::to_owned));
    }

    /// Marks what must be printed nowhere, and kept in no table of HTTP/2.
    pub(super) fn mark(&self, headers: &mut HeaderMap) {
        for field in &self.fields {
            mark_sensitive(headers, field);
        }
        if !self.subprotocols.is_empty() {
            mark_sensitive(headers, &SEC_WEBSOCKET_PROTOCOL);
        }
    }

    pub(super) fn remove_fields(&self, headers: &mut HeaderMap) {
        for field in &self.fields {
            headers.remove(field);
        }
    }

    /// Whether credentials are in fields of their own only.
    pub(super) const fn are_fields(&self) -> bool {
        self.subprotocols.is_empty() && self.parameters.is_empty()
    }

    /// Takes tokens out of the subprotocols and out of the query, where the app looks for something else.
    pub(super) fn take_out<B>(&self, request: &mut Request<B>) {
        for name in &self.subprotocols {
            if request.headers().contains_key(SEC_WEBSOCKET_PROTOCOL) {
                let kept = without_token(&Asked::new(request, &SEC_WEBSOCKET_PROTOCOL), name)
                    .collect::<Vec<_>>()
                    .join(&b", "[..]);
                let kept = HeaderValue::from_bytes(&kept).ok().filter(|kept| !kept.is_empty());
                let headers = request.headers_mut();
                match kept {
                    Some(kept) => headers.insert(SEC_WEBSOCKET_PROTOCOL, kept),
                    None => headers.remove(SEC_WEBSOCKET_PROTOCOL),
                };
            }
        }
        for name in &self.parameters {
            take_out_of(request.uri_mut(), name);
            // What a router of axum has kept of it.
            #[cfg(feature = "axum")]
            if let Some(axum::extract::OriginalUri(uri)) = request.extensions_mut().get_mut() {
                take_out_of(uri, name);
            }
        }
    }
}

fn take_out_of(uri: &mut Uri, name: &str) {
    let Some(query) = uri.query() else { return };
    let kept: Vec<&[u8]> = without_parameter(query.as_bytes(), name).collect();
    if kept.len() == query.split('&').count() {
        return;
    }
    let kept = if kept.is_empty() { vec![] } else { [b"?", &*kept.join(&b'&')].concat() };
    let target = [uri.path().as_bytes(), &kept].concat();
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = target.as_slice().try_into().ok();
    *uri = Uri::from_parts(parts).unwrap_or_default();
}

fn mark_sensitive(headers: &mut HeaderMap, field: &HeaderName) {
    // Asking for the entry makes room for a field that is not there.
    if headers.contains_key(field)
        // By value, as the headers layer asks, so that the code for it is not there twice, and inlined nowhere.
        && let Ok(Entry::Occupied(mut lines)) = headers.try_entry(field.clone())
    {
        for line in lines.iter_mut() {
            line.set_sensitive(true);
        }
    }
}
