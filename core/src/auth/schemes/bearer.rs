//! Bearer, RFC 6750.
//!
//! The token is looked for in `Authorization` alone (section 2.1): one in the query string ends up in logs and histories
//! (section 2.3), and one in a form body would have to be read before it can be refused.

use super::{Reason, Refusal, Scopes, authorization};
use crate::cursor::Cursor;

pub(super) const NAME: &str = "Bearer";
pub(super) const FIELD: &str = "authorization";

#[inline]
pub(super) fn read<'a, R>(
    lines: impl IntoIterator<Item = &'a [u8]>,
    then: impl FnOnce(&str) -> R,
) -> Result<R, Reason> {
    authorization(NAME, lines).map(then)
}

/// Section 3: an error code where credentials were sent, and the scopes where their lack is the reason.
pub(super) const fn put_params(out: &mut Cursor<'_>, refusal: Refusal, scopes: Scopes<&str>) {
    if let Some(code) = refusal.error_code() {
        out.put(b", error=\"");
        out.put(code.as_bytes());
        out.put(b"\"");
    }
    if matches!(refusal, Refusal::InsufficientScope) && !scopes.is_empty() {
        out.put(b", scope=\"");
        out.put(scopes.as_str().as_bytes());
        out.put(b"\"");
    }
}
