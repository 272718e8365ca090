//! A policy that the app has set on a response itself, with the place of a nonce in it.

use super::view::View;
use super::{ContentSecurityPolicy, DirectiveName, Source};
use crate::cursor::{BufferTooSmall, Cursor};
use crate::nonce::{Nonce, PLACEHOLDER};
use crate::scheme::Scheme;

/// The value of an app's own field, as it is sent: see [`ContentSecurityPolicy::own`].
#[derive(Debug, Clone, Copy)]
pub struct OwnPolicy<'a> {
    value: &'a [u8],
    view: View,
    nonce: Option<&'a Nonce>,
}

impl ContentSecurityPolicy<'_> {
    /// The value of a `content-security-policy` field (or of its report-only twin) that the app has set itself, made ready for
    /// this response.
    ///
    /// An app that widens a policy for one page sends the text of that policy, which holds a text where the nonce goes, and
    /// `upgrade-insecure-requests`. So the nonce of the response is filled in, or its source left out as in
    /// [`without_nonce`](Self::without_nonce), and over HTTP goes what [`over`](Self::over) leaves out.
    ///
    /// The rest stays as the app wrote it, but for white space: it is cut into words as browsers cut it (CSP3, section 2.2.1),
    /// and none has to be one that Sallet knows.
    ///
    /// ```
    /// use sallet_core::{ContentSecurityPolicy, Nonce, Scheme};
    /// let value = b"script-src 'self' 'nonce-{one-for-each-request}'; new-directive; upgrade-insecure-requests";
    /// let mut buf = [0; 128];
    /// let nonce = Nonce::new([0xA5; 16]);
    /// assert_eq!(
    ///     ContentSecurityPolicy::own(value, Scheme::Http, Some(&nonce)).write(&mut buf).unwrap(),
    ///     b"script-src 'self' 'nonce-paWlpaWlpaWlpaWlpaWlpQ'; new-directive"
    /// );
    /// assert_eq!(
    ///     ContentSecurityPolicy::own(value, Scheme::Https, None).write(&mut buf).unwrap(),
    ///     b"script-src 'self'; new-directive; upgrade-insecure-requests"
    /// );
    /// ```
    pub const fn own<'v>(value: &'v [u8], scheme: Scheme, nonce: Option<&'v Nonce>) -> OwnPolicy<'v> {
        let view = View { http: scheme.is_http(), without_nonce: nonce.is_none(), ..View::WHOLE };
        OwnPolicy { value, view, nonce }
    }
}

impl OwnPolicy<'_> {
    /// The exact length of the value in bytes.
    pub fn value_len(&self) -> usize {
        let mut out = Cursor::new(&mut []);
        self.render(&mut out);
        out.written()
    }

    /// Writes the value into `buf`. When nothing is left, the field is not sent.
    ///
    /// # Errors
    /// [`BufferTooSmall`], with the size that is needed.
    pub fn write<'b>(&self, buf: &'b mut [u8]) -> Result<&'b [u8], BufferTooSmall> {
        let mut out = Cursor::new(buf);
        self.render(&mut out);
        out.finish()
    }

    fn render(&self, out: &mut Cursor<'_>) {
        for policy in self.value.split(|&byte| byte == b',') {
            let mut between: &[u8] = if out.written() == 0 { b"" } else { b", " };
            for directive in policy.split(|&byte| byte == b';') {
                let Some(name) = words(directive).next() else { continue };
                let known = core::str::from_utf8(name).ok().and_then(|name| DirectiveName::parse(name).ok());
                if holds_placeholder(name) || known.is_some_and(|name| self.view.leaves_out(name)) {
                    continue;
                }
                out.put(between);
                between = b"; ";
                self.render_directive(directive, out);
            }
        }
    }

    fn render_directive(&self, directive: &[u8], out: &mut Cursor<'_>) {
        let nonces = words(directive).any(is_nonce);
        let mut others = false;
        for (i, word) in words(directive).enumerate() {
            let switched_off = nonces && is_switched_off(word);
            match self.nonce {
                Some(nonce) if is_nonce(word) => {
                    out.put(b" 'nonce-");
                    out.put(nonce.as_bytes());
                    out.put(b"'");
                }
                None if switched_off => {}
                // A placeholder anywhere else is never filled, and must not be seen either.
                _ if holds_placeholder(word) => {}
                _ => {
                    if i > 0 {
                        others = true;
                        out.put(b" ");
                    }
                    out.put(word);
                }
            }
        }
        if nonces && !others && self.nonce.is_none() {
            out.put(b" 'none'");
        }
    }
}

/// The words of a directive, cut at ASCII white space.
fn words(directive: &[u8]) -> impl Iterator<Item = &[u8]> {
    directive.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

const fn is_nonce(word: &[u8]) -> bool {
    word.eq_ignore_ascii_case(super::source::NONCE_SOURCE.as_bytes())
}

fn is_switched_off(word: &[u8]) -> bool {
    let word = core::str::from_utf8(word).ok().and_then(|word| Source::try_unchecked(word).ok());
    word.is_some_and(|source| source.is_switched_off_by_a_nonce())
}

/// Whether the place of a nonce is in it.
pub(crate) fn holds_placeholder(word: &[u8]) -> bool {
    word.windows(PLACEHOLDER.len()).any(|part| part.eq_ignore_ascii_case(PLACEHOLDER.as_bytes()))
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::string::{String, ToString};
    use std::vec;

    fn sent(value: &[u8], scheme: Scheme, nonce: Option<&Nonce>) -> vec::Vec<u8> {
        let own = ContentSecurityPolicy::own(value, scheme, nonce);
        let mut buf = vec![0; own.value_len()];
        own.write(&mut buf).unwrap();
        buf
    }

    /// What Sallet can read is sent as Sallet would send it.
    #[test]
    fn a_policy_that_can_be_read_is_the_same_view_of_it() {
        let nonce = Nonce::new([0xA5; 16]);
        for text in [
            "default-src 'self'; script-src 'nonce-{one-for-each-request}' 'unsafe-inline' https:",
            "style-src 'nonce-{one-for-each-request}'; upgrade-insecure-requests",
            "script-src 'inline-speculation-rules' 'self' 'nonce-{one-for-each-request}'",
            "style-src 'unsafe-inline'; script-src-elem 'unsafe-inline' 'nonce-{one-for-each-request}'",
            "sandbox",
            "upgrade-insecure-requests",
        ] {
            let policy = ContentSecurityPolicy::parse(text).unwrap();
            for scheme in [Scheme::Http, Scheme::Https] {
                let over = policy.over(scheme);
                let filled = over.map(|policy| policy.to_string().replace(PLACEHOLDER, nonce.as_str()));
                let without = over.map(|policy| policy.without_nonce().to_string());
                for (nonce, expected) in [(Some(&nonce), filled), (None, without)] {
                    let sent = String::from_utf8(sent(text.as_bytes(), scheme, nonce)).unwrap();
                    assert_eq!(sent, expected.unwrap_or_default(), "{text}");
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_read_stays_and_shows_no_placeholder() {
        let nonce = Nonce::new([0xA5; 16]);
        for (value, with, without) in [
            (
                &b"new-src 'NONCE-{one-for-each-request}' x;; ,img-src\t*,"[..],
                &b"new-src 'nonce-paWlpaWlpaWlpaWlpaWlpQ' x, img-src *"[..],
                &b"new-src x, img-src *"[..],
            ),
            (b"report-uri /?{one-for-each-request}; a", b"report-uri; a", b"report-uri; a"),
            (b"{one-for-each-request}; a; {one-for-each-request} b", b"a", b"a"),
            (b"default-src \xe9", b"default-src \xe9", b"default-src \xe9"),
            (b"", b"", b""),
        ] {
            assert_eq!(sent(value, Scheme::Https, Some(&nonce)), with);
            assert_eq!(sent(value, Scheme::Https, None), without);
        }
        let own = ContentSecurityPolicy::own(b"default-src *", Scheme::Https, None);
        assert_eq!(own.write(&mut [0; 12]), Err(BufferTooSmall { needed: 13 }));
    }
}
