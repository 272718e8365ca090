//! One member of a directive's value: a keyword, nonce, hash, scheme, host or flag.

use super::hash::hash;
use crate::cursor::Cursor;
use crate::dialect::{ok, valid};
use crate::grammar::{self, cut, slice};
use crate::headers::PolicyError;
use crate::unchecked::{own_word, unchecked};

/// One source of a source list ([CSP3, section 2.3.1](https://www.w3.org/TR/CSP3/#framework-directive-source-list)), or one
/// flag or name of the directives that take those.
///
/// Checked here: characters, quotes, keywords, hashes. Whether a directive takes it is checked by the directive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source<'a> {
    /// As it is sent.
    text: &'a str,
    unchecked: bool,
}

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
pub(super) enum Kind {
    /// A keyword of source lists, which nobody means as a host name.
    Keyword,
    /// A keyword that only Trusted Types or WebRTC take. Without its quotes it could be a host, or a policy's name.
    Elsewhere,
    /// The place of a nonce.
    Nonce,
    /// A scheme, which nobody means as a host name.
    Scheme,
}

pub(super) struct Row {
    text: &'static str,
    /// The text without quotes or colon, if nobody means a host by that; else nothing, which no source is.
    pub(super) bare: &'static str,
    pub(super) kind: Kind,
}

impl Row {
    const fn new(text: &'static str, kind: Kind) -> Self {
        let bare = match kind {
            Kind::Keyword => slice(text, 1, text.len() - 1),
            Kind::Scheme => slice(text, 0, text.len() - 1),
            Kind::Elsewhere | Kind::Nonce => "",
        };
        Self { text, bare, kind }
    }
}

/// A keyword is a row: all that is known of it.
macro_rules! sources {
    ($( #[doc = $doc:literal] $name:ident = $text:expr, $kind:ident; )+) => {
        impl Source<'static> {
            $( #[doc = $doc] pub const $name: Self = Self { text: $text, unchecked: false }; )+

            /// All the constants above, each with its name and what it allows.
            pub const CONSTANTS: &'static [SourceConstant] = &[$(
                SourceConstant { name: stringify!($name), doc: grammar::trim($doc), source: Self::$name }
            ),+];
        }

        pub(super) const TABLE: &[Row] = &[$( Row::new($text, Kind::$kind) ),+];
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
    /// Trust what a trusted script loads; without a nonce or a hash next to it no script is trusted.
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
    /// Reports hold the SHA-256 hash of each script that is loaded.
    REPORT_SHA256 = "'report-sha256'", Keyword;
    /// As `REPORT_SHA256`, with SHA-384.
    REPORT_SHA384 = "'report-sha384'", Keyword;
    /// As `REPORT_SHA256`, with SHA-512.
    REPORT_SHA512 = "'report-sha512'", Keyword;
    /// Inline speculation rules.
    INLINE_SPECULATION_RULES = "'inline-speculation-rules'", Keyword;
    /// A navigation may pass through any address on its way to one that is listed.
    UNSAFE_ALLOW_REDIRECTS = "'unsafe-allow-redirects'", Keyword;
    /// WebTransport to servers that a script vouches for by the hash of their certificate.
    UNSAFE_WEBTRANSPORT_HASHES = "'unsafe-webtransport-hashes'", Keyword;
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

impl<'a> Source<'a> {
    /// A source from its text.
    ///
    /// # Panics
    /// When [`parse`](Self::parse) refuses it; in a `const` that is a compile error.
    #[track_caller]
    pub const fn new(text: &'a str) -> Self {
        valid!(Self::parse(text))
    }

    /// Reads one source, quotes included. Keywords have no case (RFC 5234, section 2.3), and are sent in lower case.
    ///
    /// # Errors
    /// The cause: white space, separators, control characters, characters outside ASCII, quotes out of place, an unknown
    /// keyword, a fixed nonce, a bad hash.
    pub const fn parse(source: &'a str) -> Result<Self, PolicyError> {
        if let Some(text) = unchecked(source) {
            return Self::try_unchecked(text);
        }
        match check(source) {
            Ok(text) => Ok(Self { text, unchecked: false }),
            Err(error) => Err(error),
        }
    }

    /// A source that Sallet does not know: see [`try_unchecked`](Self::try_unchecked).
    ///
    /// ```
    /// use sallet_core::{ContentSecurityPolicy, Directive, Source};
    /// const CSP: ContentSecurityPolicy =
    ///     ContentSecurityPolicy::new(&[Directive::script_src(&[Source::SELF, Source::unchecked("'new-keyword'")])]);
    /// assert_eq!(CSP.to_string(), "script-src 'self' 'new-keyword'");
    /// ```
    ///
    /// # Panics
    /// When [`try_unchecked`](Self::try_unchecked) refuses it; in a `const` that is a compile error.
    #[track_caller]
    pub const fn unchecked(text: &'a str) -> Self {
        valid!(Self::try_unchecked(text))
    }

    /// A source that Sallet does not know, sent as it is, in any directive. In text it has
    /// [`{unchecked}`](crate::UNCHECKED) in front.
    ///
    /// # Errors
    /// Only what is unsafe to send: white space, separators, control characters, characters outside ASCII, a fixed nonce.
    pub const fn try_unchecked(text: &'a str) -> Result<Self, PolicyError> {
        let text = ok!(safe(text));
        Ok(Self { text, unchecked: true })
    }

    /// A word of a directive that is not checked as a whole.
    pub(super) const fn in_unchecked(word: &'a str) -> Result<Self, PolicyError> {
        let word = match unchecked(word) {
            Some(text) => text,
            None => word,
        };
        Ok(Self { text: ok!(safe(word)), unchecked: false })
    }

    pub(super) const fn without_mark(mut self) -> Self {
        self.unchecked = false;
        self
    }

    /// One that was read before.
    pub(super) const fn known(text: &'a str) -> Self {
        Self { text, unchecked: false }
    }

    /// The text as it is sent, quotes included; where a nonce goes, a text that no browser takes for one.
    pub const fn as_str(&self) -> &'a str {
        self.text
    }

    /// Whether it is sent without a check.
    pub const fn is_unchecked(&self) -> bool {
        self.unchecked
    }

    /// Whether it is [`Source::NONCE`].
    pub const fn is_nonce(&self) -> bool {
        self.is(NONCE_SOURCE)
    }

    /// Whether a nonce next to it switches it off: it allows all inline code of a kind (CSP3, section 6.7.3.2; browsers count
    /// `'inline-speculation-rules'` there too).
    pub(super) const fn is_switched_off_by_a_nonce(&self) -> bool {
        self.is(Source::UNSAFE_INLINE.text) || self.is(Source::INLINE_SPECULATION_RULES.text)
    }

    /// Whether it is the hash of inline code or of a file.
    pub const fn is_hash(&self) -> bool {
        grammar::starts_with_ignore_case(self.text, "'sha")
    }

    /// Whether it is a keyword, nonce or hash.
    pub const fn is_quoted(&self) -> bool {
        matches!(self.text.as_bytes(), [b'\'', ..])
    }

    /// Whether it is a keyword that only Trusted Types or WebRTC take.
    pub(super) const fn is_of_no_source_list(&self) -> bool {
        matches!(row(self.text), Some(Row { kind: Kind::Elsewhere, .. }))
    }

    pub(super) const fn is(&self, other: &str) -> bool {
        grammar::eq(self.text, other)
    }

    pub(super) const fn render(&self, out: &mut Cursor<'_>) {
        if self.unchecked {
            out.put_mark();
        }
        if self.is_nonce() {
            out.put(b"'nonce-");
            out.put_nonce();
            out.put(b"'");
            return;
        }
        // The algorithm of a hash is a word of the grammar, without case; its digest has case.
        let name = match hash(self.text) {
            Some(hash) if !self.unchecked => hash.name_end,
            _ => 0,
        };
        let (name, rest) = cut(self.text, name);
        let mut name = name.as_bytes();
        while let [byte, after @ ..] = name {
            out.put(&[byte.to_ascii_lowercase()]);
            name = after;
        }
        out.put(rest.as_bytes());
    }
}

/// The row of a text, whose keywords have no case.
const fn row(source: &str) -> Option<&'static Row> {
    let mut rest = TABLE;
    while let [row, after @ ..] = rest {
        if !matches!(row.kind, Kind::Scheme) && source.eq_ignore_ascii_case(row.text) {
            return Some(row);
        }
        rest = after;
    }
    None
}

/// Whether a word can be sent at all, as it is sent.
const fn safe(word: &str) -> Result<&str, PolicyError> {
    let mut bytes = word.as_bytes();
    while let [first, rest @ ..] = bytes {
        match first {
            b' ' | b'\t' => return Err(PolicyError::TwoSources),
            b';' | b',' => return Err(PolicyError::Separator),
            0x00..=0x1f | 0x7f => return Err(PolicyError::ControlCharacter),
            0x80.. => return Err(PolicyError::NonAscii),
            _ => bytes = rest,
        }
    }
    if word.is_empty() {
        return Err(PolicyError::EmptySource);
    }
    match row(word) {
        Some(row) => Ok(row.text),
        None if grammar::starts_with_ignore_case(word, "'nonce-") => Err(PolicyError::FixedNonce),
        None => {
            ok!(own_word(word));
            Ok(word)
        }
    }
}

/// The source as it is sent, if it can be one.
const fn check(source: &str) -> Result<&str, PolicyError> {
    let text = ok!(safe(source));
    let bytes = text.as_bytes();
    if grammar::find(text, b'"', 0) < bytes.len() || grammar::find(text, b'`', 0) < bytes.len() {
        return Err(PolicyError::BadQuotes);
    }
    let [b'\'', inner @ ..] = bytes else { return Ok(text) };
    if row(text).is_some() {
        return Ok(text);
    }
    match inner {
        [_, .., b'\''] if grammar::find(text, b'\'', 1) == bytes.len() - 1 => match hash(text) {
            Some(hash) if hash.is_whole(text) => Ok(text),
            Some(_) => Err(PolicyError::BadHash),
            None if grammar::starts_with_ignore_case(text, "'sha") => Err(PolicyError::BadHash),
            // The nearest keyword is 'none', which is not what was meant.
            None if text.eq_ignore_ascii_case("'nonce'") => Err(PolicyError::FixedNonce),
            None => Err(PolicyError::UnknownKeyword),
        },
        _ => Err(PolicyError::BadQuotes),
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    /// The sources of lists are in `tests/csp_refused.rs`.
    #[test]
    fn takes_what_is_no_source_of_a_list() {
        for good in ["allow-scripts", "self", "data", "/it's", NONCE_SOURCE] {
            assert_eq!(Source::parse(good).unwrap().as_str(), good);
            assert!(!Source::parse(good).unwrap().is_unchecked());
        }
    }

    #[test]
    fn each_constant_is_read_as_itself_in_any_case() {
        for SourceConstant { name, source, .. } in Source::CONSTANTS {
            assert_eq!(Source::parse(source.as_str()), Ok(*source), "{name}");
            let shouted = source.as_str().to_uppercase();
            // Schemes have no case either (RFC 3986, section 3.1), and stay as they are.
            let expected = if source.is_quoted() { *source } else { Source::known(&shouted) };
            assert_eq!(Source::parse(&shouted), Ok(expected), "{name}");
        }
    }

    #[test]
    fn names_what_is_wrong() {
        use PolicyError::*;
        for (bad, error) in [
            ("", EmptySource),
            ("'sefl'", UnknownKeyword),
            ("'nonce'", FixedNonce),
            ("'https://cdn.example'", UnknownKeyword),
            ("'self", BadQuotes),
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
            ("'Nonce-abc'", FixedNonce),
            ("'sha256-abc'", BadHash),
            ("'sha1-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc='", BadHash),
            ("'url-sha1-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc='", UnknownKeyword),
            ("'sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc*'", BadHash),
            // One character of padding too few, and one too many.
            ("'sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQcA'", BadHash),
            ("'sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQ=='", BadHash),
            ("'sha256-sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc='", BadHash),
            ("'url-sha256-abc'", BadHash),
            ("{unchecked}", EmptySource),
            ("{unchecked}a;", Separator),
            ("{unchecked}'a' b", TwoSources),
            ("{unchecked}\u{e9}", NonAscii),
            ("{unchecked}a\r", ControlCharacter),
            ("{unchecked}'NONCE-abc'", FixedNonce),
            ("{unchecked}{unchecked}'a'", MarkTwice),
            ("{unchecked}a{unchecked}", MarkTwice),
            ("/csp?{one-for-each-request}", FixedNonce),
            ("{unchecked}x{One-for-each-request}", FixedNonce),
        ] {
            assert_eq!(Source::parse(bad), Err(error), "{bad:?}");
        }
    }

    #[test]
    fn unchecked_sources_are_sent_as_they_are() {
        for text in ["'new-keyword'", "new", "'self", "\"", "{x}", "*.*"] {
            let source = Source::unchecked(text);
            assert_eq!(Source::parse(&std::format!("{{unchecked}}{text}")), Ok(source));
            assert!(source.is_unchecked() && source.as_str() == text);
        }
        // What is known is known by its spelling, so that what looks for it finds it.
        assert!(Source::unchecked("'Unsafe-Inline'").is("'unsafe-inline'"));
        assert!(Source::unchecked("'nonce-{ONE-for-each-request}'").is_nonce());
    }
}
