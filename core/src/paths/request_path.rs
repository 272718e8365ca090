//! What a host knows of the path of one request.

use super::plain::{is_plain, is_plain_decoded};
use crate::percent::{chars, decoded};

/// The path of one request, as far as its host knows it.
///
/// Never make one from a URL that was put together from the `Host` field, which a client can bend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestPath<'a> {
    form: Form<'a>,
    /// The host knows that the router reads the path in another way than this says.
    doubted: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form<'a> {
    /// `named` is the path that rules are compared with: `full` or `inner`.
    Raw {
        full: &'a [u8],
        inner: &'a [u8],
        named: &'a [u8],
    },
    Decoded {
        path: &'a str,
        raw: Option<&'a [u8]>,
        root_path: &'a str,
    },
}

impl<'a> RequestPath<'a> {
    /// For hosts whose router matches the path as it was sent: hyper, axum, small C servers. A `?` and what follows are cut
    /// off.
    pub const fn raw(path: &'a [u8]) -> Self {
        let path = without_query(path);
        Self { form: Form::Raw { full: path, inner: path, named: path }, doubted: false }
    }

    /// For a router inside another one, that is given the path without the prefix it is nested under: `inner` is what it
    /// sees, `full` what was sent. Rules are then compared with `inner`.
    ///
    /// The two agree when `full` ends with `inner`, or when `inner` is `/` and `full` is the prefix itself.
    pub const fn nested(full: &'a [u8], inner: &'a [u8]) -> Self {
        let (full, inner) = (without_query(full), without_query(inner));
        Self { form: Form::Raw { full, inner, named: inner }, doubted: false }
    }

    /// The same for rules that are compared with `full`. A protected rule applies if either path matches it.
    pub const fn sent(full: &'a [u8], inner: &'a [u8]) -> Self {
        let (full, inner) = (without_query(full), without_query(inner));
        Self { form: Form::Raw { full, inner, named: full }, doubted: false }
    }

    /// For ASGI servers and the like, which decode the path: `path` is that; `raw` what was sent, where the host knows it (a
    /// `?` and what follows are cut off); `root_path` the prefix under which the application is mounted, or empty.
    ///
    /// The two agree when `raw` decodes to `path`, or to `path` with `root_path` put in front or taken off. Without `raw`
    /// they agree if `path` is plain.
    pub const fn decoded(path: &'a str, raw: Option<&'a [u8]>, root_path: &'a str) -> Self {
        let raw = match raw {
            Some(raw) => Some(without_query(raw)),
            None => None,
        };
        Self { form: Form::Decoded { path, raw, root_path }, doubted: false }
    }

    /// The same path of which the host knows that the router reads it otherwise: it is never public, and always protected.
    #[must_use]
    pub const fn doubted(self) -> Self {
        Self { doubted: true, ..self }
    }

    /// What rules are compared with: the decoded path without `root_path`, where that is a prefix of whole segments (as
    /// Starlette reads it); for a raw path that path itself; in a nest the one that was asked for.
    pub fn routed(&self) -> &'a [u8] {
        match self.form {
            Form::Raw { named, .. } => named,
            Form::Decoded { path, root_path, .. } => without_root(path, root_path).unwrap_or(path).as_bytes(),
        }
    }

    /// Whether the path begins with the `root_path` it was given, in whole segments. Where it does not, a proxy has taken
    /// the prefix off, and what is mounted inside the application may read the path in another way.
    pub fn carries_root(&self) -> bool {
        match self.form {
            Form::Raw { .. } => true,
            Form::Decoded { path, root_path, .. } => without_root(path, root_path).is_some(),
        }
    }

    /// Whether the path is plain and everybody sees the same one: what a public rule asks for.
    pub fn is_certain(&self) -> bool {
        self.is_plain() && self.agrees()
    }

    /// Whether nobody can read the path as another one; what that means is told in [`paths`](super).
    pub fn is_plain(&self) -> bool {
        match self.form {
            Form::Raw { full, inner, .. } => is_plain(full) && (core::ptr::eq(full, inner) || is_plain(inner)),
            Form::Decoded { path, raw, .. } => is_plain_decoded(path) && raw.is_none_or(is_plain),
        }
    }

    /// Whether the guard and the router see the same path.
    pub fn agrees(&self) -> bool {
        !self.doubted
            && match self.form {
                Form::Raw { full, inner, .. } => full.ends_with(inner) || inner == b"/",
                Form::Decoded { path, raw, root_path } => raw.is_none_or(|raw| decodes_to(raw, path, root_path)),
            }
    }

    /// Whether the path that the router matches begins with `literal`, or is it.
    pub(super) fn begins_with(&self, literal: &str, is_whole: bool) -> bool {
        let (mut path, mut literal) = (self.routed(), literal.as_bytes());
        // Most rules differ in the first letters, and most paths hold nothing to decode.
        while let ([a, path_tail @ ..], [b, literal_tail @ ..]) = (path, literal)
            && a == b
        {
            (path, literal) = (path_tail, literal_tail);
        }
        if literal.is_empty() {
            return !is_whole || path.is_empty();
        }
        let is_encoded = matches!(self.form, Form::Raw { .. }) && path.first() == Some(&b'%');
        is_encoded && begins_with(decoded(path), literal, is_whole)
    }

    /// The same, whatever `//`, `;x` and encodings there are, if no `..` leads elsewhere.
    pub(super) fn normal_begins_with(&self, literal: &str, is_whole: bool) -> bool {
        begins_with(normal(self.meant()), literal.as_bytes(), is_whole) && (is_whole || !may_leave(self.routed()))
    }

    /// Whether any reading of the path is `stem`, or below it, letters compared without case.
    pub(super) fn any_reading_is_within(&self, stem: &str) -> bool {
        let (full, path, routed) = match self.form {
            Form::Raw { full, inner, .. } => (full, full, inner),
            Form::Decoded { path, raw, .. } => (raw.unwrap_or(path.as_bytes()), path.as_bytes(), self.routed()),
        };
        is_within(decoded(full), stem) || is_within(path.iter().copied(), stem) || is_within(decoded(routed), stem)
    }

    /// The bytes that the router matches, decoded.
    fn meant(&self) -> impl Iterator<Item = u8> + use<'a> {
        let (encoded, as_it_is) = match self.form {
            Form::Raw { .. } => (self.routed(), &b""[..]),
            Form::Decoded { .. } => (&b""[..], self.routed()),
        };
        decoded(encoded).chain(as_it_is.iter().copied())
    }
}

const fn without_query(path: &[u8]) -> &[u8] {
    let mut end = 0;
    while end < path.len() && path[end] != b'?' {
        end += 1;
    }
    match path.split_at_checked(end) {
        Some((path, _)) => path,
        None => path,
    }
}

fn without_root<'p>(path: &'p str, root_path: &str) -> Option<&'p str> {
    path.strip_prefix(root_path).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn decodes_to(raw: &[u8], path: &str, root_path: &str) -> bool {
    let (path, root) = (path.as_bytes(), root_path.as_bytes());
    let is = |one: &[u8], other: &[u8]| decoded(raw).eq(one.iter().chain(other).copied());
    is(path, b"") || is(root, path) || path.strip_prefix(root).is_some_and(|path| is(path, b""))
}

fn begins_with(mut path: impl Iterator<Item = u8>, literal: &[u8], is_whole: bool) -> bool {
    literal.iter().all(|&byte| path.next() == Some(byte)) && !(is_whole && path.next().is_some())
}

fn is_within(path: impl Iterator<Item = u8>, stem: &str) -> bool {
    // A byte that is no text differs from every letter.
    let mut path = chars(path).flat_map(|char| folded(char.unwrap_or('\u{fffd}')));
    stem.chars().flat_map(folded).all(|char| path.next() == Some(char)) && matches!(path.next(), None | Some('/'))
}

/// By way of the capital, which brings letters together that have no small one of their own: `ſ` and `s`.
fn folded(char: char) -> impl Iterator<Item = char> {
    char.to_uppercase().flat_map(char::to_lowercase)
}

/// Without repeated slashes and without path parameters (RFC 3986 section 3.3 has `;` in segments, and leaves its meaning to
/// servers).
fn normal(path: impl Iterator<Item = u8>) -> impl Iterator<Item = u8> {
    let (mut after_slash, mut in_parameters) = (false, false);
    path.filter(move |&byte| {
        if byte == b'/' {
            in_parameters = false;
            return !core::mem::replace(&mut after_slash, true);
        }
        in_parameters |= byte == b';';
        after_slash &= in_parameters;
        !in_parameters
    })
}

/// Whether some reader finds a `..` segment here, however often it decodes.
fn may_leave(mut path: &[u8]) -> bool {
    let hex = |byte: u8| char::from(byte).to_digit(16);
    // Dots since the last separator; more than two when there was anything else.
    let mut dots = 0_u8;
    while let [byte, rest @ ..] = path {
        path = rest;
        let mut byte = *byte;
        if byte == b'%' {
            while let [b'2', b'5', rest @ ..] = path {
                path = rest;
            }
            // The digits of an encoded byte may be encoded themselves.
            if path.iter().take(2).any(|&next| next == b'%') {
                return true;
            }
            if let [high, low, rest @ ..] = path
                && let (Some(high), Some(low)) = (hex(*high), hex(*low))
            {
                byte = u8::try_from(high << 4 | low).unwrap_or_default();
                path = rest;
            }
        }
        match byte {
            b'/' | b'\\' | b';' | 0..=0x1f | 0x7f if dots == 2 => return true,
            b'/' | b'\\' => dots = 0,
            b'.' => dots = dots.saturating_add(1),
            _ => dots = 3,
        }
    }
    dots == 2
}
