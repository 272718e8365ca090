//! Hashes of inline scripts and styles: made, and read.

use super::Source;
use crate::grammar::cut;
use base64ct::{Base64, Encoding};
use sha2::{Digest as _, Sha256};

const PREFIX: &[u8] = b"'sha256-";
const LEN: usize = PREFIX.len() + 44 + 1;

/// The hash that allows one inline script or style ([CSP3, section 2.3.1](https://www.w3.org/TR/CSP3/#grammardef-hash-source)).
///
/// ```
/// use sallet_core::{ContentSecurityPolicy, Directive, Hash, Source};
/// let hash = Hash::of("doSomething();"); // between the tags, to the byte
/// assert_eq!(hash.as_str(), "'sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc='");
/// let sources = [Source::SELF, hash.source()];
/// let directives = [Directive::try_new(sallet_core::DirectiveName::ScriptSrc, &sources).unwrap()];
/// assert!(ContentSecurityPolicy::try_new(&directives).unwrap().to_string().ends_with("EQc='"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hash([u8; LEN]);

impl Hash {
    /// Hashes what stands between `<script>` and `</script>`, or `<style>` and `</style>`: all of it, line breaks included.
    ///
    /// As a browser sees it: an HTML parser makes a line feed of CRLF and of a lone CR ([HTML, section
    /// 13.2.3.5](https://html.spec.whatwg.org/multipage/parsing.html#preprocessing-the-input-stream)), and U+FFFD of NUL
    /// (sections 13.2.5.3 and 13.2.5.4), before the text is hashed. So a page has one hash, whichever line ends it is
    /// saved with. The page must be in UTF-8.
    ///
    /// Not for a file that a `src` names: of a file the bytes are hashed as they are, and nothing is turned.
    pub fn of(text: impl AsRef<[u8]>) -> Self {
        let mut out = [b'\''; LEN];
        out[..PREFIX.len()].copy_from_slice(PREFIX);
        let written = Base64::encode(&digest_of_parsed(text.as_ref()), &mut out[PREFIX.len()..LEN - 1]);
        debug_assert!(written.is_ok_and(|text| text.len() == 44));
        Self(out)
    }

    /// The source's text, quotes included.
    pub const fn as_str(&self) -> &str {
        match core::str::from_utf8(&self.0) {
            Ok(text) => text,
            Err(_) => unreachable!(),
        }
    }

    /// As a source.
    pub const fn source(&self) -> Source<'_> {
        Source::known(self.as_str())
    }
}

/// The digest of the text that an HTML parser makes of this one.
fn digest_of_parsed(mut text: &[u8]) -> sha2::digest::Output<Sha256> {
    let mut sha256 = Sha256::new();
    while let Some(at) = text.iter().position(|byte| matches!(byte, b'\r' | b'\0')) {
        sha256.update(&text[..at]);
        let turned = &text[at..];
        text = &turned[1..];
        if turned[0] == b'\0' {
            sha256.update("\u{fffd}");
        } else if text.first() != Some(&b'\n') {
            sha256.update(b"\n");
        }
    }
    sha256.update(text);
    sha256.finalize()
}

/// The text before `-` and the digest, and how long that is in base64: of inline code, of a URL, and of what is given to
/// `eval`.
const HASHES: &[(&str, usize)] = &[
    ("sha256", 44),
    ("sha384", 64),
    ("sha512", 88),
    ("url-sha256", 44),
    ("url-sha384", 64),
    ("url-sha512", 88),
    ("eval-sha256", 44),
    ("eval-sha384", 64),
    ("eval-sha512", 88),
];

/// Where the parts of a hash are in its text.
pub(super) struct Parts {
    /// After the algorithm, at its `-`.
    pub(super) name_end: usize,
    digest_len: usize,
}

/// The parts of what begins as a hash, in its quotes.
pub(super) const fn hash(text: &str) -> Option<Parts> {
    let [b'\'', ..] = text.as_bytes() else { return None };
    let mut rest = HASHES;
    while let [(name, digest_len), after @ ..] = rest {
        let (begin, digest) = cut(text, 1 + name.len());
        if begin.as_bytes().split_at(1).1.eq_ignore_ascii_case(name.as_bytes())
            && matches!(digest.as_bytes(), [b'-', ..])
        {
            return Some(Parts { name_end: begin.len(), digest_len: *digest_len });
        }
        rest = after;
    }
    None
}

impl Parts {
    /// Whether the digest has its length: `"-" base64-value "'"` (CSP3, section 2.3.1).
    pub(super) const fn is_whole(&self, text: &str) -> bool {
        let mut rest = cut(text, self.name_end + 1).1.as_bytes();
        // 32, 48 and 64 bytes end in one, no and two padding characters.
        let padding = match self.digest_len {
            44 => 1,
            64 => 0,
            _ => 2,
        };
        if rest.len() != self.digest_len + 1 {
            return false;
        }
        while let [byte, after @ ..] = rest
            && rest.len() > padding + 1
        {
            if !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')) {
                return false;
            }
            rest = after;
        }
        matches!(rest, [b'\''] | [b'=', b'\''] | [b'=', b'=', b'\''])
    }
}
