//! What must be reported: code as it is commonly written. A check that does not see these sees nothing.

use std::hint::black_box;

use sallet_core::secret::{Digest, Token};
use subtle::ConstantTimeEq;

use crate::checks::{KEYS, ring, token};
use crate::secrecy::{hide, publish};

/// `==` on two tokens.
pub fn eq_on_tokens() {
    let (stored, presented) = (token(0), token(1));
    assert!(!publish(hide(stored.as_bytes()) == presented.as_bytes()));
}

/// `==` on the bytes of two digests. With optimisation this is two vector comparisons and no branch on x86-64, and
/// memcheck says so; without, and on smaller processors, it is a call of `memcmp`, which stops at the first difference.
/// What a comparison in constant time must not depend on is just this.
pub fn eq_on_digests() {
    let (stored, presented) = (Digest::of(b"stored").to_bytes(), Digest::of(b"presented").to_bytes());
    let same = *hide(&stored) == black_box(presented);
    assert!(!publish(same));
}

/// A search that stops at the key it found, though each comparison takes its time.
pub fn early_exit() {
    let ring = ring();
    let presented = Digest::of(token(KEYS / 2).as_bytes());
    let found = ring.keys().iter().position(|key| key.digest.ct_eq(&presented).into());
    assert_eq!(publish(found), Some(KEYS / 2));
}

/// A secret as the index of a table. Which line of the cache it touched, others on the machine can measure.
pub fn look_up() {
    let table = std::array::from_fn::<u8, 256, _>(|i| !u8::try_from(i).unwrap());
    let secret = [0x5a_u8; 32];
    let sum = hide(&secret).iter().fold(0_u8, |sum, &byte| sum.wrapping_add(black_box(&table)[usize::from(byte)]));
    assert_eq!(publish(sum), 0xa5_u8.wrapping_mul(32));
}

/// Minting looks its 62 characters up. It runs once, where the owner of a key sits, and no promise speaks of its time.
pub fn mint() {
    let token = publish(Token::mint(Token::DEFAULT_PREFIX, *hide(&[7; 32])).unwrap());
    assert_eq!(Token::check(token.as_str()), Ok(()));
}
