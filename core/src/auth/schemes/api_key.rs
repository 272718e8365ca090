//! A key that is the whole value of a field. No RFC has it: OpenAPI calls it `apiKey` in a `header` ([OpenAPI 3.1, section
//! 4.8.27](https://spec.openapis.org/oas/v3.1.0#security-scheme-object)).

use crate::auth::Challenge;
use crate::cursor::Cursor;
use crate::grammar;

pub(super) const NAME: &str = "ApiKey";
pub(super) const FIELD: &str = "X-API-Key";
pub(super) const HAS_WORD: bool = false;
pub(super) const IS_AMBIENT: bool = false;

/// Visible ASCII: no RFC has a grammar, and keys of other makes hold what no token68 does.
pub(super) fn is_token(text: &str) -> bool {
    grammar::is_visible(text.as_bytes())
}

/// RFC 9110 section 15.5.2 wants a challenge in a 401. Ours says which field was looked for.
pub(super) const fn put_params(out: &mut Cursor<'_>, challenge: &Challenge<'_>) {
    out.put(b", header=\"");
    out.put(challenge.need().field().as_bytes());
    out.put(b"\"");
}
