//! One member of a directive's value: a keyword, nonce, hash, scheme, host or flag.

use crate::dialect::valid;
use crate::grammar;
use crate::headers::PolicyError;
use crate::nonce::PLACEHOLDER;

/// One source of a source list ([CSP3, section 2.3.1](https://www.w3.org/TR/CSP3/#framework-directive-source-list)), or one
/// flag or name of the directives that take those.
///
/// Checked here: characters, quotes, keywords, hashes. Whether a directive takes it is checked by the directive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source<'a>(&'a str);

/// Every quoted keyword of CSP3, Trusted Types and WebRTC.
const KEYWORDS: [&str; 14] = [
    "self",
    "none",
    "strict-dynamic",
    "unsafe-inline",
    "unsafe-eval",
    "unsafe-hashes",
    "wasm-unsafe-eval",
    "report-sample",
    "inline-speculation-rules",
    "trusted-types-eval",
    "script",
    "allow-duplicates",
    "allow",
    "block",
];

/// Schemes that nobody means as a host name.
const BARE_SCHEMES: [&str; 7] = ["data", "blob", "http", "https", "ws", "wss", "mediastream"];

/// Half a keyword, as `'unsafe-inline'` or `'nonce-…'` is remembered.
const HALF_KEYWORDS: [&str; 8] =
    ["nonce", "inline", "eval", "sha256", "unsafe", "strict_dynamic", "unsafe_inline", "unsafe_eval"];

/// Keywords that nobody means as a host name; `script`, `allow` and `block` could be one.
const NEVER_HOSTS: usize = 10;

const NONCE_SOURCE: &str = "'nonce-{one-for-each-request}'";

impl Source<'static> {
    /// The page's own origin.
    pub const SELF: Self = Self("'self'");
    /// Nothing; stands alone.
    pub const NONE: Self = Self("'none'");
    /// A nonce, new for each response. In text it is written `'nonce-{one-for-each-request}'`.
    pub const NONCE: Self = Self(NONCE_SOURCE);
    /// Trust what a trusted script loads; needs a nonce or a hash beside it.
    pub const STRICT_DYNAMIC: Self = Self("'strict-dynamic'");
    /// Every inline script or style: the hole that a policy is there to close.
    pub const UNSAFE_INLINE: Self = Self("'unsafe-inline'");
    /// `eval()` and its like.
    pub const UNSAFE_EVAL: Self = Self("'unsafe-eval'");
    /// Hashes count for event handlers and `style` attributes too.
    pub const UNSAFE_HASHES: Self = Self("'unsafe-hashes'");
    /// WebAssembly, without `eval()`.
    pub const WASM_UNSAFE_EVAL: Self = Self("'wasm-unsafe-eval'");
    /// Reports hold the first 40 characters of what was blocked.
    pub const REPORT_SAMPLE: Self = Self("'report-sample'");
    /// Inline speculation rules.
    pub const INLINE_SPECULATION_RULES: Self = Self("'inline-speculation-rules'");
    /// `data:` URLs.
    pub const DATA: Self = Self("data:");
    /// `blob:` URLs.
    pub const BLOB: Self = Self("blob:");
    /// Anything over HTTPS.
    pub const HTTPS: Self = Self("https:");
}

impl<'a> Source<'a> {
    /// A source from its text.
    ///
    /// # Panics
    /// When [`parse`](Self::parse) refuses it; in a `const` that is a compile error.
    #[track_caller]
    pub const fn new(text: &'a str) -> Self {
        valid!(Self::parse(text))
    }

    /// Reads one source, quotes included.
    ///
    /// # Errors
    /// The cause: white space, separators, control characters, characters outside ASCII, quotes missing or out of
    /// place, an unknown keyword, a fixed nonce, a bad hash.
    pub const fn parse(source: &'a str) -> Result<Self, PolicyError> {
        match check(source) {
            Ok(()) => Ok(Self(source)),
            Err(error) => Err(error),
        }
    }

    /// The hash type writes only good ones.
    pub(super) const fn hash(text: &'a str) -> Self {
        Self(text)
    }

    /// The text, quotes included.
    pub const fn as_str(&self) -> &'a str {
        self.0
    }

    /// Whether it is [`Source::NONCE`].
    pub const fn is_nonce(&self) -> bool {
        grammar::eq(self.0, NONCE_SOURCE)
    }

    /// Whether it is a hash.
    pub const fn is_hash(&self) -> bool {
        grammar::starts_with_ignore_case(self.0, "'sha")
    }

    /// Whether it is a keyword, nonce or hash.
    pub const fn is_quoted(&self) -> bool {
        self.0.as_bytes()[0] == b'\''
    }

    pub(super) const fn is(&self, other: &str) -> bool {
        grammar::eq(self.0, other)
    }
}

const fn check(source: &str) -> Result<(), PolicyError> {
    let bytes = source.as_bytes();
    let mut quotes = 0;
    let mut i = 0;
    while i < bytes.len() {
        match bytes[i] {
            b' ' | b'\t' => return Err(PolicyError::TwoSources),
            b';' | b',' => return Err(PolicyError::Separator),
            0x00..=0x1f | 0x7f => return Err(PolicyError::ControlCharacter),
            0x80.. => return Err(PolicyError::NonAscii),
            b'\'' => quotes += 1,
            b'"' | b'`' => return Err(PolicyError::BadQuotes),
            _ => {}
        }
        i += 1;
    }
    match bytes {
        [] => Err(PolicyError::EmptySource),
        [b'\'', _, .., b'\''] if quotes == 2 => check_quoted(grammar::slice(source, 1, source.len() - 1)),
        _ if quotes > 0 => Err(PolicyError::BadQuotes),
        _ if is_bare_keyword(source) => Err(PolicyError::UnquotedKeyword),
        _ if is_one_of(source, &BARE_SCHEMES) => Err(PolicyError::BareScheme),
        _ => Ok(()),
    }
}

const fn check_quoted(inner: &str) -> Result<(), PolicyError> {
    let mut i = 0;
    while i < KEYWORDS.len() {
        if grammar::eq(inner, KEYWORDS[i]) {
            return Ok(());
        }
        if inner.eq_ignore_ascii_case(KEYWORDS[i]) {
            return Err(PolicyError::KeywordCase);
        }
        i += 1;
    }
    if grammar::starts_with_ignore_case(inner, "nonce-") {
        let (name, value) = inner.split_at("nonce-".len());
        return match (grammar::eq(value, PLACEHOLDER), grammar::eq(name, "nonce-")) {
            (true, true) => Ok(()),
            // Only the one spelling is a place that a nonce is written into.
            (true, false) => Err(PolicyError::KeywordCase),
            (false, _) => Err(PolicyError::FixedNonce),
        };
    }
    if grammar::starts_with_ignore_case(inner, "sha") {
        return if is_hash(inner) { Ok(()) } else { Err(PolicyError::BadHash) };
    }
    Err(PolicyError::UnknownKeyword)
}

/// `hash-algorithm "-" base64-value`, of the right length (CSP3, section 2.3.1).
const fn is_hash(inner: &str) -> bool {
    let dash = grammar::find(inner, b'-', 0);
    let algorithm = grammar::slice(inner, 0, dash);
    let length = if grammar::eq(algorithm, "sha256") {
        44
    } else if grammar::eq(algorithm, "sha384") {
        64
    } else if grammar::eq(algorithm, "sha512") {
        88
    } else {
        return false;
    };
    let value = grammar::slice(inner, dash, inner.len()).as_bytes();
    if value.len() != length + 1 {
        return false;
    }
    // 32, 48 and 64 bytes end in one, no and two padding characters.
    let padding = match length {
        44 => 1,
        64 => 0,
        _ => 2,
    };
    let mut i = 1;
    while i < value.len() {
        let good = if i >= value.len() - padding {
            value[i] == b'='
        } else {
            value[i].is_ascii_alphanumeric() || matches!(value[i], b'+' | b'/' | b'-' | b'_')
        };
        if !good {
            return false;
        }
        i += 1;
    }
    true
}

const fn is_bare_keyword(source: &str) -> bool {
    let mut i = 0;
    while i < NEVER_HOSTS {
        if source.eq_ignore_ascii_case(KEYWORDS[i]) {
            return true;
        }
        i += 1;
    }
    is_one_of(source, &HALF_KEYWORDS)
        || grammar::starts_with_ignore_case(source, "nonce-")
        || grammar::starts_with_ignore_case(source, "sha256-")
        || grammar::starts_with_ignore_case(source, "sha384-")
        || grammar::starts_with_ignore_case(source, "sha512-")
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

    /// Of `doSomething();`, as `openssl dgst -sha384 -binary | base64` has them.
    const SHA384: &str = "'sha384-AoWO2NN+PGpt3TudulLbvGyFVcFxsRkrmg9v0ShvWAB8VuPrr1UBL1hyq+XDuBAD'";
    const SHA512: &str =
        "'sha512-JmJZZcyblZQCHlZRsKDDtflAYSRkis0qyVDld8GYYgE33OHeq29ups1mbWGRG5YsUJA8XlUFLdqMMpEYX5m9WA=='";

    #[test]
    fn takes_what_csp3_takes() {
        for good in [
            "'self'",
            "'none'",
            "'strict-dynamic'",
            "https:",
            "data:",
            "*",
            "*.example",
            "https://cdn.example:8443/lib/",
            "'wasm-unsafe-eval'",
            "'sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc='",
            SHA384,
            SHA512,
            NONCE_SOURCE,
            "allow-scripts",
            "self.example",
            "none.example",
        ] {
            assert_eq!(Source::parse(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn names_what_is_wrong() {
        use PolicyError::*;
        for (bad, error) in [
            ("", EmptySource),
            ("self", UnquotedKeyword),
            ("NONE", UnquotedKeyword),
            ("unsafe-inline", UnquotedKeyword),
            ("trusted-types-eval", UnquotedKeyword),
            ("nonce-abc", UnquotedKeyword),
            ("nonce", UnquotedKeyword),
            ("data", BareScheme),
            ("HTTPS", BareScheme),
            ("sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc=", UnquotedKeyword),
            ("'SELF'", KeywordCase),
            // Found by fuzzing: taken, and never filled.
            ("'Nonce-{one-for-each-request}'", KeywordCase),
            ("'sefl'", UnknownKeyword),
            ("'https://cdn.example'", UnknownKeyword),
            ("'self", BadQuotes),
            ("self'", BadQuotes),
            ("''", BadQuotes),
            ("''self''", BadQuotes),
            ("\"self\"", BadQuotes),
            ("\u{2018}self\u{2019}", NonAscii),
            ("b\u{fc}cher.example", NonAscii),
            ("'self' https:", TwoSources),
            ("https:\thttp:", TwoSources),
            ("a.example;", Separator),
            ("a.example,b.example", Separator),
            ("a\r\nx: y", ControlCharacter),
            ("a\0", ControlCharacter),
            ("'nonce-abc'", FixedNonce),
            ("'sha256-abc'", BadHash),
            ("'sha1-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc='", BadHash),
            ("'sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc*'", BadHash),
            // One character of padding too few, and one too many.
            ("'sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQcA'", BadHash),
            ("'sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQ=='", BadHash),
        ] {
            assert_eq!(Source::parse(bad), Err(error), "{bad:?}");
        }
    }
}
