//! Bearer, RFC 6750.
//!
//! The token is looked for in `Authorization` alone (section 2.1) unless the host names another place: one in the query ends up in
//! logs and histories (section 2.3), but pages that open WebSockets and devices that know nothing but a URL may have no other. One
//! in a form body (section 2.2) is never looked for: the body would have to be read before the request can be refused.

use crate::auth::{Challenge, Refusal};
use crate::cursor::Cursor;
use crate::grammar;

pub(super) const NAME: &str = "Bearer";
pub(super) const FIELD: &str = "authorization";
pub(super) const HAS_WORD: bool = true;
pub(super) const IS_AMBIENT: bool = false;

/// RFC 6750's `b64token`.
pub(super) fn is_token(text: &str) -> bool {
    grammar::is_token68(text.as_bytes())
}

/// Section 3: an error code where credentials were sent, and the scopes that are needed. RFC 9728 section 5.1: where to learn how to get
/// a token.
pub(super) const fn put_params(out: &mut Cursor<'_>, challenge: &Challenge<'_>) {
    let (refusal, scopes) = (challenge.refusal(), challenge.need().scopes());
    if let Some(code) = refusal.error_code() {
        out.put(b", error=\"");
        out.put(code.as_bytes());
        out.put(b"\"");
    }
    // Which scopes to ask for, before the first try too; another scope would not mend a malformed token.
    if !matches!(refusal, Refusal::Malformed(_)) && !scopes.is_empty() {
        out.put(b", scope=\"");
        out.put(scopes.as_str().as_bytes());
        out.put(b"\"");
    }
    if let Some(url) = challenge.need().metadata() {
        out.put(b", resource_metadata=\"");
        out.put(url.as_str().as_bytes());
        out.put(b"\"");
    }
}
