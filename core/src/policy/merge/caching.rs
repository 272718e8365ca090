//! What fields tell shared caches, and how they are kept from a response that is for one client.

use super::CACHE_CONTROL;
use crate::grammar;
use crate::headers::{
    self, ends_in_quotes, forbids_sharing, has_element, is_targeted, surrogate_forbids_sharing,
    targeted_forbids_sharing, targeted_says_shared,
};

/// The forerunners of targeted fields: of every surrogate, and of Akamai's
/// ([Edge-Control](https://techdocs.akamai.com/property-mgr/docs/caching-2)).
const SURROGATES: [&str; 2] = ["surrogate-control", "edge-control"];
/// nginx's own: seconds, which count more than `Cache-Control`; of `0` it keeps nothing
/// ([`proxy_cache_valid`](https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_cache_valid)).
const X_ACCEL_EXPIRES: &str = "x-accel-expires";

/// Whether a field of this name tells caches what they may keep: `Cache-Control`, a targeted field ([RFC
/// 9213](https://www.rfc-editor.org/rfc/rfc9213), section 2.1), a forerunner of it (`Surrogate-Control`, Akamai's `Edge-Control`), or nginx's
/// `X-Accel-Expires`.
pub const fn is_caching(name: &[u8]) -> bool {
    is(name, CACHE_CONTROL) || is_targeted(name) || is_surrogate(name) || is(name, X_ACCEL_EXPIRES)
}

/// Whether a field of this name and value lets shared caches keep the response. Of a name that tells caches nothing, `false`.
pub const fn lets_caches_share(name: &[u8], value: &[u8]) -> bool {
    if !is_caching(name) {
        return false;
    }
    let Ok(value) = core::str::from_utf8(value) else { return true };
    !if is(name, CACHE_CONTROL) {
        forbids_sharing(value)
    } else if is_surrogate(name) {
        surrogate_forbids_sharing(value)
    } else if is(name, X_ACCEL_EXPIRES) {
        matches!(value.as_bytes(), b"0")
    } else {
        targeted_forbids_sharing(value)
    }
}

/// Whether a field says that everybody may have the response, whoever asks: `public`, or `s-maxage` with its seconds. The forerunners of
/// targeted fields and nginx's own have no word for it.
pub(super) fn says_shared(name: &[u8], value: &[u8]) -> bool {
    let Ok(value) = core::str::from_utf8(value) else { return false };
    if is(name, CACHE_CONTROL) { headers::says_shared(value) } else { is_targeted(name) && targeted_says_shared(value) }
}

/// The value of a field that [lets caches share](lets_caches_share), changed so that it does not: three parts to be joined.
///
/// ```
/// use sallet_core::merge::made_private;
/// assert_eq!(made_private(b"cache-control", b"max-age=60").concat(), b"private, max-age=60");
/// assert_eq!(made_private(b"cdn-cache-control", b"max-age=60").concat(), b"max-age=60, private");
/// assert_eq!(made_private(b"surrogate-control", b"max-age=60").concat(), b"no-store, max-age=60");
/// ```
///
/// In `Cache-Control` the strictest directive counts (RFC 9111 section 4.2.1), and one in front is not swallowed by a quoted string that
/// never ends. So it is in `Surrogate-Control`, which knows no `private` ([Edge Architecture, section
/// 2.2](https://www.w3.org/TR/edge-arch/)). A targeted field is a dictionary, in which the last member of a key counts (RFC 9213 section 2.1, RFC 9651 section
/// 4.2.2).
pub const fn made_private<'v>(name: &[u8], value: &'v [u8]) -> [&'v [u8]; 3] {
    if is(name, X_ACCEL_EXPIRES) {
        return [b"", b"0", b""];
    }
    let [in_front, alone, behind]: [&[u8]; 3] = if is(name, CACHE_CONTROL) {
        [b"private, ", b"private", b""]
    } else if is_surrogate(name) {
        [b"no-store, ", b"no-store", b""]
    } else {
        [b"", b"private", b", private"]
    };
    if grammar::trim_bytes(value).is_empty() { [b"", alone, b""] } else { [in_front, value, behind] }
}

/// The line that keeps shared caches off where there is none: its name and its value.
pub const PRIVATE: (&str, &str) = (CACHE_CONTROL, "private");

/// What the lines of an app's own `Cache-Control`, which are one list, say of shared caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Caching {
    shared: bool,
    private: bool,
    no_store: bool,
    /// A cache that knows the status ignores `no-store` then (RFC 9111 section 5.2.2.3).
    must_understand: bool,
    /// Joined with a line whose quoted string never ends, the next ones would be a part of that.
    in_quotes: bool,
}

impl Caching {
    pub(super) const UNSAID: Self =
        Self { shared: false, private: false, no_store: false, must_understand: false, in_quotes: false };

    /// Takes note of a line, and says whether it is the first that [lets caches share](lets_caches_share).
    pub(super) fn line(&mut self, value: &[u8], shared: bool) -> bool {
        let is_first = shared && !self.shared;
        self.shared |= shared;
        if let Ok(value) = core::str::from_utf8(value) {
            self.private |= !self.in_quotes && has_element(value, "private");
            self.no_store |= !self.in_quotes && has_element(value, "no-store");
            self.must_understand |= has_element(value, "must-understand");
            self.in_quotes |= ends_in_quotes(value.as_bytes());
        }
        is_first
    }

    pub(super) const fn ends_in_quotes(self) -> bool {
        self.in_quotes
    }

    pub(super) const fn forbids_sharing(self) -> bool {
        self.private || self.no_store && !self.must_understand
    }
}

const fn is_surrogate(name: &[u8]) -> bool {
    is(name, SURROGATES[0]) || is(name, SURROGATES[1])
}

const fn is(name: &[u8], known: &str) -> bool {
    name.eq_ignore_ascii_case(known.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_private_lets_no_cache_share() {
        for name in ["Cache-Control", "CDN-Cache-Control", "Surrogate-Control", "Edge-Control", "X-Accel-Expires"] {
            let name = name.as_bytes();
            for value in ["", " ", "public", "max-age=60", "private=\"x\"", "private=?0", "no-store=1", "x=\"a, \\\""] {
                let value = value.as_bytes();
                assert!(lets_caches_share(name, value), "{value:?}");
                let private = made_private(name, value).concat();
                // What a cache cannot read as a dictionary it ignores, and then obeys Cache-Control (RFC 9213 section 2.1).
                let ignored = is_targeted(name) && value.ends_with(b"\"");
                assert!(ignored || !lets_caches_share(name, &private), "{private:?}");
            }
        }
        assert!(lets_caches_share(b"cache-control", b"\xff"));
        assert!(!lets_caches_share(b"expires", b"max-age=60"));
        assert!(!lets_caches_share(b"surrogate-control", b"content=\"ESI/1.0\", No-Store"));
        assert!(lets_caches_share(b"surrogate-control", b"no-store;other, max-age=60"));
    }
}
