//! Nonces: 128 fresh bits for each response, and where they go in a rendered policy.

mod pool;

pub use pool::NoncePool;

/// base64url (RFC 4648, section 5), whose characters mean nothing to HTML.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What a rendered policy holds where the nonce goes. Braces are outside the `base64-value` grammar of
/// CSP3, so a browser that ever saw it would ignore the source: a policy sent unfilled fails closed.
pub(crate) const PLACEHOLDER: &str = "{one-for-each-request}";

/// How many bytes of entropy a nonce is made of (CSP3 section 7.1 asks for at least 128 bits).
pub const NONCE_ENTROPY: usize = 16;

/// How many characters a nonce has.
pub const NONCE_LEN: usize = 22;

const _: () = assert!(PLACEHOLDER.len() == NONCE_LEN);

/// A nonce: 22 characters of base64url without padding, which need no escaping in HTML.
///
/// It is for one response: make one per request, put it into the policy and into the page, then drop it.
/// ([CSP3 section 7.1](https://www.w3.org/TR/CSP3/#security-nonces))
///
/// ```
/// use sallet_core::Nonce;
/// let nonce = Nonce::new([0xA5; 16]); // the caller's entropy: a hardware generator, getrandom, …
/// assert_eq!(nonce.as_str(), "paWlpaWlpaWlpaWlpaWlpQ");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nonce([u8; NONCE_LEN]);

impl Nonce {
    /// Encodes 128 bits, which must come from a cryptographic source and be used once.
    // By a table, in half the time of `base64ct`, which takes care to show nothing in its time: a nonce is sent to whoever
    // asks. No text written from 128 bits can be anything but whole, so there is no error to carry either.
    pub const fn new(entropy: [u8; NONCE_ENTROPY]) -> Self {
        let bits = u128::from_be_bytes(entropy);
        let mut text = [0; NONCE_LEN];
        let mut i = 0;
        // 21 times six bits, and two at the end.
        while i < NONCE_LEN - 1 {
            text[i] = ALPHABET[(bits >> (122 - 6 * i)) as usize & 63];
            i += 1;
        }
        text[NONCE_LEN - 1] = ALPHABET[(bits << 4) as usize & 63];
        Self(text)
    }

    /// The text for the `nonce` attribute.
    pub const fn as_str(&self) -> &str {
        match core::str::from_utf8(&self.0) {
            Ok(text) => text,
            // It is base64. Said without a panic, which firmware would carry; an empty nonce lets no script run.
            Err(_) => "",
        }
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; NONCE_LEN] {
        &self.0
    }
}

impl core::fmt::Display for Nonce {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The most nonces one rendered text can hold: eight in a policy, and its report-only twin.
pub(crate) const MAX_SLOTS: usize = 16;

/// The places of a rendered text that hold the nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NonceSlots {
    at: [u32; MAX_SLOTS],
    len: usize,
}

impl NonceSlots {
    pub(crate) const NONE: Self = Self { at: [0; MAX_SLOTS], len: 0 };

    pub(crate) const fn push(&mut self, at: usize) {
        assert!(self.len < MAX_SLOTS, "a policy holds at most eight nonces");
        assert!(at <= u32::MAX as usize, "a policy is shorter than 4 GiB");
        #[expect(clippy::cast_possible_truncation, reason = "checked above")]
        let at_u32 = at as u32;
        self.at[self.len] = at_u32;
        self.len += 1;
    }

    /// Whether the text holds no nonce.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Where each nonce begins, in bytes from the start of the text.
    pub fn positions(&self) -> impl Iterator<Item = usize> + '_ {
        self.at.iter().take(self.len).map(|&at| at as usize)
    }

    /// Writes `nonce` into each place of `text`, a copy of the rendered text these slots came with.
    ///
    /// # Panics
    /// When `text` is shorter than that text.
    #[inline]
    pub fn fill(&self, nonce: &Nonce, text: &mut [u8]) {
        for at in self.positions() {
            text[at..at + NONCE_LEN].copy_from_slice(nonce.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64ct::{Base64UrlUnpadded, Encoding};

    #[test]
    fn says_what_base64url_says() {
        // Every bit alone, and all the others: each goes to its own place, and none to two.
        for bit in 0..128 {
            for bits in [1_u128 << bit, !(1_u128 << bit)] {
                let entropy = bits.to_be_bytes();
                let mut text = [0; NONCE_LEN];
                let expected = Base64UrlUnpadded::encode(&entropy, &mut text).unwrap();
                assert_eq!(Nonce::new(entropy).as_str(), expected);
            }
        }
    }
}
