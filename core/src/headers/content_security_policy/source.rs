//! One member of a directive's value: a keyword, nonce, hash, scheme, host or flag.

use crate::dialect::valid;
use crate::grammar;
use crate::headers::PolicyError;

/// One source of a source list ([CSP3, section 2.3.1](https://www.w3.org/TR/CSP3/#framework-directive-source-list)), or one
/// flag or name of the directives that take those.
///
/// Checked here: characters, quotes, keywords, hashes. Whether a directive takes it is checked by the directive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source<'a>(&'a str);

/// A constant of [`Source`], so that a host can offer all of them under the same names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceConstant {
    /// Its name, as `STRICT_DYNAMIC`.
    pub name: &'static str,
    /// What it allows, in a sentence.
    pub doc: &'static str,
    /// The source.
    pub source: Source<'static>,
}

/// What a source of the table is, and so what its text means without quotes or colon.
#[derive(Clone, Copy)]
enum Kind {
    /// A keyword of source lists, which nobody means as a host name.
    Keyword,
    /// A keyword that only Trusted Types or WebRTC take. Without its quotes it could be a host, or a policy's name.
    Elsewhere,
    /// The place of a nonce.
    Nonce,
    /// A scheme, which nobody means as a host name.
    Scheme,
}

struct Row {
    text: &'static str,
    /// The text without quotes or colon, if nobody means a host by that; else nothing, which no source is.
    bare: &'static str,
    kind: Kind,
}

impl Row {
    const fn new(text: &'static str, kind: Kind) -> Self {
        let bare = match kind {
            Kind::Keyword => grammar::slice(text, 1, text.len() - 1),
            Kind::Scheme => grammar::slice(text, 0, text.len() - 1),
            Kind::Elsewhere | Kind::Nonce => "",
        };
        Self { text, bare, kind }
    }
}

/// A keyword is a row: all that is known of it.
macro_rules! sources {
    ($( #[doc = $doc:literal] $name:ident = $text:expr, $kind:ident; )+) => {
        impl Source<'static> {
            $( #[doc = $doc] pub const $name: Self = Self($text); )+

            /// All the constants above, each with its name and what it allows.
            pub const CONSTANTS: &'static [SourceConstant] = &[$(
                SourceConstant { name: stringify!($name), doc: grammar::trim($doc), source: Self::$name }
            ),+];
        }

        const TABLE: &[Row] = &[$( Row::new($text, Kind::$kind) ),+];
    };
}

pub(super) const NONCE_SOURCE: &str = "'nonce-{one-for-each-request}'";

// CSP3, section 2.3.1, Trusted Types, section 4, and WebRTC's part of CSP3, section 6.2.
sources! {
    /// The page's own origin.
    SELF = "'self'", Keyword;
    /// Nothing; stands alone.
    NONE = "'none'", Keyword;
    /// A nonce, new for each response. In text it is written `'nonce-{one-for-each-request}'`.
    NONCE = NONCE_SOURCE, Nonce;
    /// Trust what a trusted script loads; needs a nonce or a hash beside it.
    STRICT_DYNAMIC = "'strict-dynamic'", Keyword;
    /// Every inline script or style: the hole that a policy is there to close.
    UNSAFE_INLINE = "'unsafe-inline'", Keyword;
    /// `eval()` and its like.
    UNSAFE_EVAL = "'unsafe-eval'", Keyword;
    /// Hashes count for event handlers and `style` attributes too.
    UNSAFE_HASHES = "'unsafe-hashes'", Keyword;
    /// WebAssembly, without `eval()`.
    WASM_UNSAFE_EVAL = "'wasm-unsafe-eval'", Keyword;
    /// `eval()` of what went through a Trusted Types policy, in browsers that enforce them.
    TRUSTED_TYPES_EVAL = "'trusted-types-eval'", Keyword;
    /// Reports hold the first 40 characters of what was blocked.
    REPORT_SAMPLE = "'report-sample'", Keyword;
    /// Inline speculation rules.
    INLINE_SPECULATION_RULES = "'inline-speculation-rules'", Keyword;
    /// For `require-trusted-types-for`: every place where text becomes code.
    SCRIPT = "'script'", Elsewhere;
    /// For `trusted-types`: a policy's name may be used again.
    ALLOW_DUPLICATES = "'allow-duplicates'", Elsewhere;
    /// For `webrtc`: connections are allowed.
    ALLOW = "'allow'", Elsewhere;
    /// For `webrtc`: connections are blocked.
    BLOCK = "'block'", Elsewhere;
    /// `data:` URLs.
    DATA = "data:", Scheme;
    /// `blob:` URLs.
    BLOB = "blob:", Scheme;
    /// Anything over HTTPS.
    HTTPS = "https:", Scheme;
}

/// Schemes without a constant that nobody means as a host name either.
const OTHER_SCHEMES: &[&str] = &["http", "ws", "wss", "mediastream"];

/// Half a keyword, as `'unsafe-inline'` or `'nonce-…'` is remembered.
const HALF_KEYWORDS: &[&str] =
    &["nonce", "inline", "eval", "sha256", "unsafe", "strict_dynamic", "unsafe_inline", "unsafe_eval"];

/// How a text begins that is a nonce or a hash without its quotes.
const BARE_VALUES: &[&str] = &["nonce-", "sha256-", "sha384-", "sha512-"];

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

    /// Whether it is a keyword that only Trusted Types or WebRTC take.
    pub(super) const fn is_of_no_source_list(&self) -> bool {
        let mut rest = TABLE;
        while let [row, after @ ..] = rest {
            if matches!(row.kind, Kind::Elsewhere) && self.is(row.text) {
                return true;
            }
            rest = after;
        }
        false
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
        [b'\'', _, .., b'\''] if quotes == 2 => check_quoted(source),
        _ if quotes > 0 => Err(PolicyError::BadQuotes),
        _ => check_bare(source),
    }
}

const fn check_quoted(source: &str) -> Result<(), PolicyError> {
    let mut rest = TABLE;
    while let [row, after @ ..] = rest {
        if grammar::eq(source, row.text) {
            return Ok(());
        }
        if source.eq_ignore_ascii_case(row.text) {
            return Err(PolicyError::KeywordCase);
        }
        rest = after;
    }
    let inner = grammar::slice(source, 1, source.len() - 1);
    if grammar::starts_with_ignore_case(inner, "nonce-") {
        return Err(PolicyError::FixedNonce);
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

/// Refuses what has lost its quotes or its colon, where nobody can have meant a host.
const fn check_bare(source: &str) -> Result<(), PolicyError> {
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
    extern crate std;
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
    fn each_constant_is_read_as_itself_and_in_lower_case_alone() {
        for SourceConstant { name, source, .. } in Source::CONSTANTS {
            assert_eq!(Source::parse(source.as_str()), Ok(*source), "{name}");
            let shouted = source.as_str().to_uppercase();
            // Schemes have no case (RFC 3986, section 3.1).
            let expected = if source.is_quoted() { Err(PolicyError::KeywordCase) } else { Ok(Source(&shouted)) };
            assert_eq!(Source::parse(&shouted), expected, "{name}");
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
