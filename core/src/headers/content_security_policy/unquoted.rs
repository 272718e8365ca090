//! What has lost its quotes, its colon or the semicolon before it: a browser reads a host name, and nobody meant one.

use super::DirectiveName;
use super::source::{Kind, TABLE};
use crate::grammar;
use crate::headers::PolicyError;

/// Schemes without a constant that nobody means as a host name either.
const OTHER_SCHEMES: &[&str] = &["http", "ws", "wss", "mediastream"];

/// Half a keyword, as `'unsafe-inline'` or `'nonce-…'` is remembered.
const HALF_KEYWORDS: &[&str] =
    &["nonce", "inline", "eval", "sha256", "unsafe", "strict_dynamic", "unsafe_inline", "unsafe_eval"];

/// How a text begins that is a nonce or a hash without its quotes.
const BARE_VALUES: &[&str] = &["nonce-", "sha256-", "sha384-", "sha512-"];

/// Refuses what has lost its quotes, its colon or the semicolon before it, where nobody can have meant a host.
pub(super) const fn check_unquoted(source: &str) -> Result<(), PolicyError> {
    // A machine of a local network may be called `sandbox` or `webrtc`.
    if grammar::find(source, b'-', 0) < source.len()
        && !matches!(DirectiveName::parse(source), Err(PolicyError::UnknownDirective))
    {
        return Err(PolicyError::MissingSemicolon);
    }
    let mut rest = TABLE;
    while let [row, after @ ..] = rest {
        if source.eq_ignore_ascii_case(row.bare) {
            let is_scheme = matches!(row.kind, Kind::Scheme);
            return Err(if is_scheme { PolicyError::BareScheme } else { PolicyError::UnquotedKeyword });
        }
        rest = after;
    }
    let mut begins = BARE_VALUES;
    while let [begin, after @ ..] = begins {
        if grammar::starts_with_ignore_case(source, begin) {
            return Err(PolicyError::UnquotedKeyword);
        }
        begins = after;
    }
    if is_one_of(source, HALF_KEYWORDS) {
        return Err(PolicyError::UnquotedKeyword);
    }
    if is_one_of(source, OTHER_SCHEMES) { Err(PolicyError::BareScheme) } else { Ok(()) }
}

const fn is_one_of(source: &str, words: &[&str]) -> bool {
    let mut i = 0;
    while i < words.len() {
        if source.eq_ignore_ascii_case(words[i]) {
            return true;
        }
        i += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_lost_its_quotes_is_no_host() {
        use PolicyError::*;
        for (bad, error) in [
            ("self", UnquotedKeyword),
            ("NONE", UnquotedKeyword),
            ("unsafe-inline", UnquotedKeyword),
            ("trusted-types-eval", UnquotedKeyword),
            ("nonce-abc", UnquotedKeyword),
            ("nonce", UnquotedKeyword),
            ("sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc=", UnquotedKeyword),
            ("data", BareScheme),
            ("HTTPS", BareScheme),
            ("script-src", MissingSemicolon),
            ("Upgrade-Insecure-Requests", MissingSemicolon),
            ("block-all-mixed-content", MissingSemicolon),
        ] {
            assert_eq!(check_unquoted(bad), Err(error), "{bad:?}");
        }
    }
}
