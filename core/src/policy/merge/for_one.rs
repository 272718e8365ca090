//! Keeping shared caches off a response that is for one client.

use super::CACHE_CONTROL;
use super::caching::{Caching, is_caching, lets_caches_share, says_shared};

/// How firmly shared caches have to be kept off the response to a request that was admitted. The stricter is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Privacy {
    /// The credentials were in `Authorization`. Caches that obey RFC 9111 keep off by themselves then, unless the response says
    /// `public`, `s-maxage` or `must-revalidate` (section 3.5). Others ignore the field, as nginx's `proxy_cache` does, so the response is made
    /// private, unless the app itself says one of the first two.
    ///
    /// - `public` allows storing where it would be forbidden otherwise (section 5.2.2.9), and `s-maxage` is for shared caches alone (section
    ///   5.2.2.10): whoever writes them means that every client may have the response.
    /// - `must-revalidate` is about stale responses (section 5.2.2.2). Frameworks add it next to `no-cache` and `max-age=0`, to have
    ///   *less* cached. That section 3.5 takes it for a permission, few know, so here it is none.
    UnlessShared,
    /// They were somewhere else, as an API key in its own field is. No cache knows that the response is one client's, and `public` may
    /// have been written without a thought of clients that get different ones: it is made private, whatever the app says.
    Always,
}

/// The lines of one response for one client: is given all that tell caches something, and then says which have to be [made
/// private](super::made_private).
///
/// The app's `private` and `no-store` stay as they are. A field that only some caches look at, as `CDN-Cache-Control` ([RFC
/// 9213](https://www.rfc-editor.org/rfc/rfc9213)), is made private too, because these ignore `Cache-Control`; with
/// [`Privacy::UnlessShared`], not where it says `public` or `s-maxage` itself, or `Cache-Control` does.
///
/// ```
/// use sallet_core::merge::{ForOne, Privacy, made_private};
///
/// let sent = |privacy, lines: &[(&str, &str)]| {
///     let mut for_one = ForOne::new(privacy);
///     let shared: Vec<bool> =
///         lines.iter().map(|(name, value)| for_one.line(name.as_bytes(), value.as_bytes())).collect();
///     let lines = lines.iter().zip(shared).map(|((name, value), shared)| {
///         if shared && for_one.makes_private(name.as_bytes()) {
///             made_private(name.as_bytes(), value.as_bytes()).concat()
///         } else {
///             value.as_bytes().to_vec()
///         }
///     });
///     (lines.collect::<Vec<_>>(), for_one.adds_private())
/// };
/// // An app that says nothing of caches: `PRIVATE` is to be added.
/// assert_eq!(sent(Privacy::UnlessShared, &[]), (vec![], true));
/// let max_age = [("cache-control", "max-age=60")];
/// assert_eq!(sent(Privacy::UnlessShared, &max_age), (vec![b"private, max-age=60".to_vec()], false));
/// // One that says so may share what a token opened, and not what an API key did.
/// let public = [("cache-control", "public, max-age=60")];
/// assert_eq!(sent(Privacy::UnlessShared, &public), (vec![b"public, max-age=60".to_vec()], false));
/// assert_eq!(sent(Privacy::Always, &public), (vec![b"private, public, max-age=60".to_vec()], false));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ForOne {
    privacy: Privacy,
    caching: Caching,
    /// `Cache-Control` says that everybody may have it.
    is_shared: bool,
}

impl ForOne {
    /// A response of which nothing was seen.
    pub const fn new(privacy: Privacy) -> Self {
        Self { privacy, caching: Caching::UNSAID, is_shared: false }
    }

    /// Takes note of a line, and says whether it is one that [`makes_private`](Self::makes_private) has to be asked about at the end. The
    /// name may be in any case, without blanks around it. Lines that tell caches nothing need not be given.
    pub fn line(&mut self, name: &[u8], value: &[u8]) -> bool {
        if !is_caching(name) {
            return false;
        }
        let shared = lets_caches_share(name, value);
        let says = shared && self.privacy == Privacy::UnlessShared && says_shared(name, value);
        if !is_cache_control(name) {
            return shared && !says;
        }
        // What follows a quoted string that never ends is a part of that.
        self.is_shared |= says && !self.caching.ends_in_quotes();
        self.caching.line(value, shared)
    }

    /// Whether the lines of this name that [`line`](Self::line) asked about are to be made private, once all were seen.
    pub const fn makes_private(&self, name: &[u8]) -> bool {
        // Its lines are one list, of which the strictest directive counts.
        let forbids = self.caching.forbids_sharing();
        if is_cache_control(name) { !forbids && !self.is_shared } else { forbids || !self.is_shared }
    }

    /// Whether a line [`PRIVATE`](super::PRIVATE) is to be added: there is no `Cache-Control`.
    pub fn adds_private(&self) -> bool {
        self.caching == Caching::UNSAID
    }
}

const fn is_cache_control(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(CACHE_CONTROL.as_bytes())
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::super::{PRIVATE, made_private};
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    fn sent(privacy: Privacy, lines: &[(&'static str, &str)]) -> Vec<String> {
        let mut for_one = ForOne::new(privacy);
        let shared: Vec<_> =
            lines.iter().map(|(name, value)| for_one.line(name.as_bytes(), value.as_bytes())).collect();
        let changed = lines.iter().zip(shared).map(|((name, value), shared)| {
            let (name, value) = (name.as_bytes(), value.as_bytes());
            let private = shared && for_one.makes_private(name);
            String::from_utf8(if private { made_private(name, value).concat() } else { value.to_vec() }).unwrap()
        });
        changed.chain(for_one.adds_private().then(|| PRIVATE.1.into())).collect()
    }

    #[test]
    fn what_the_app_says_of_sharing_counts_only_where_caches_know_of_the_credentials() {
        const CC: &str = "cache-control";
        // The lines, what is sent where a token in Authorization admitted, and where anything else did.
        type Row<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str], &'a [&'a str]);
        let rows: &[Row<'_>] = &[
            (&[], &["private"], &["private"]),
            (&[("expires", "0")], &["0", "private"], &["0", "private"]),
            (&[(CC, "max-age=60")], &["private, max-age=60"], &["private, max-age=60"]),
            (&[(CC, "no-cache")], &["private, no-cache"], &["private, no-cache"]),
            (&[(CC, "private")], &["private"], &["private"]),
            (&[(CC, "no-store, public")], &["no-store, public"], &["no-store, public"]),
            (&[(CC, "Public")], &["Public"], &["private, Public"]),
            (&[(CC, "max-age=1, S-MaxAge=60")], &["max-age=1, S-MaxAge=60"], &["private, max-age=1, S-MaxAge=60"]),
            (&[(CC, "s-maxage")], &["private, s-maxage"], &["private, s-maxage"]),
            (&[(CC, "s-maxage=x")], &["private, s-maxage=x"], &["private, s-maxage=x"]),
            (&[(CC, "x-s-maxage=1")], &["private, x-s-maxage=1"], &["private, x-s-maxage=1"]),
            (&[(CC, "x=\"public\"")], &["private, x=\"public\""], &["private, x=\"public\""]),
            (
                &[(CC, "max-age=60, must-revalidate")],
                &["private, max-age=60, must-revalidate"],
                &["private, max-age=60, must-revalidate"],
            ),
            // One list in two lines.
            (&[(CC, "max-age=9"), (CC, "public")], &["max-age=9", "public"], &["private, max-age=9", "public"]),
            (&[(CC, "public"), (CC, "private")], &["public", "private"], &["public", "private"]),
            (&[(CC, "x=\""), (CC, "public")], &["private, x=\"", "public"], &["private, x=\"", "public"]),
            // Fields that some caches look at alone.
            (
                &[("cdn-cache-control", "max-age=60")],
                &["max-age=60, private", "private"],
                &["max-age=60, private", "private"],
            ),
            (
                &[("cdn-cache-control", "public, max-age=60")],
                &["public, max-age=60", "private"],
                &["public, max-age=60, private", "private"],
            ),
            (
                &[("cdn-cache-control", "s-maxage=60")],
                &["s-maxage=60", "private"],
                &["s-maxage=60, private", "private"],
            ),
            (
                &[("cdn-cache-control", "public, public=?0")],
                &["public, public=?0, private", "private"],
                &["public, public=?0, private", "private"],
            ),
            (
                &[(CC, "public"), ("cdn-cache-control", "max-age=60")],
                &["public", "max-age=60"],
                &["private, public", "max-age=60, private"],
            ),
            // Which is first does not matter.
            (
                &[("x-accel-expires", "60"), (CC, "public, max-age=1")],
                &["60", "public, max-age=1"],
                &["0", "private, public, max-age=1"],
            ),
            (
                &[(CC, "no-store, public"), ("cdn-cache-control", "max-age=60")],
                &["no-store, public", "max-age=60, private"],
                &["no-store, public", "max-age=60, private"],
            ),
            (&[("x-accel-expires", "60")], &["0", "private"], &["0", "private"]),
            (
                &[("surrogate-control", "public, max-age=60")],
                &["no-store, public, max-age=60", "private"],
                &["no-store, public, max-age=60", "private"],
            ),
        ];
        for (lines, unless_shared, always) in rows {
            assert_eq!(sent(Privacy::UnlessShared, lines), *unless_shared, "{lines:?}");
            assert_eq!(sent(Privacy::Always, lines), *always, "{lines:?}");
        }
    }
}
