//! Hashes of inline scripts and styles.

use super::Source;
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
