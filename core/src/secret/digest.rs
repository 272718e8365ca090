//! What a server stores in place of a token.

use sha2::block_api::compress256;
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroize;

use super::{Token, TokenError};

/// The SHA-256 of a high-entropy token.
///
/// There is no `PartialEq` on purpose: the way to compare two digests is [`ConstantTimeEq`]. `Debug` shows no byte.
///
/// ```
/// use sallet_core::secret::Digest;
/// use subtle::ConstantTimeEq;
///
/// const STORED: Digest = sallet_core::digest_hex!(
///     "30fa66bf9aaceac4f0cf64d5f2e78d63fe3e16e8a6d2f4e1a8b81e9b6a3c2f10"
/// );
/// assert!(!bool::from(STORED.ct_eq(&Digest::of(b"slt_not-the-token"))));
/// assert_eq!(format!("{STORED:?}"), "Digest(..)");
/// ```
// Four words and not 32 bytes: comparing is four exclusive-ors instead of 32 steps with a barrier each.
#[derive(Clone, Copy)]
pub struct Digest([u64; 4]);

/// FIPS 180-4 section 5.3.3.
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

impl Digest {
    /// SHA-256 of nothing. In a ring it would admit `Authorization: Bearer` with no token.
    pub(crate) const OF_EMPTY: Self =
        match Self::from_hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855") {
            Ok(digest) => digest,
            Err(_) => unreachable!(),
        };

    /// The digest whose 32 bytes are already known.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        let mut words = [0; 4];
        let mut i = 0;
        while i < 32 {
            words[i / 8] = words[i / 8] << 8 | bytes[i] as u64;
            i += 1;
        }
        Self(words)
    }

    /// Reads 64 hexadecimal digits, as `sha256sum` prints them; `sha256:` may stand in front.
    ///
    /// Use [`digest_hex!`](crate::digest_hex) for a literal: a typo then does not compile.
    ///
    /// # Errors
    /// [`DigestError`] for any other length or character.
    pub const fn from_hex(text: &str) -> Result<Self, DigestError> {
        let text = text.as_bytes();
        let start = match text {
            [b's', b'h', b'a', b'2', b'5', b'6', b':', ..] => 7,
            _ => 0,
        };
        if text.len() - start != 64 {
            return Err(DigestError::Length);
        }
        let mut words = [0; 4];
        let mut i = 0;
        while i < 64 {
            let nibble = match text[start + i] {
                c @ b'0'..=b'9' => c - b'0',
                c @ b'a'..=b'f' => c - b'a' + 10,
                c @ b'A'..=b'F' => c - b'A' + 10,
                _ => return Err(DigestError::Character),
            };
            words[i / 16] = words[i / 16] << 4 | nibble as u64;
            i += 1;
        }
        Ok(Self(words))
    }

    /// Hashes a token as it was presented.
    // The padding is done here and not by `sha2::Sha256`, for two reasons: that type's buffer keeps the end of the
    // token on the stack, and its bookkeeping for input in pieces costs a sixth of the whole on one block.
    pub fn of(token: &[u8]) -> Self {
        let (blocks, rest) = token.as_chunks::<64>();
        let mut state = INITIAL;
        compress256(&mut state, blocks);
        compress_end(&mut state, rest, token.len(), &mut [[0; 64]; 2]);

        let word = |i: usize| u64::from(state[i]) << 32 | u64::from(state[i + 1]);
        Self([word(0), word(2), word(4), word(6)])
    }

    /// Hashes a token that somebody wrote into a configuration, after looking for the mistakes people make there.
    ///
    /// # Errors
    /// [`TokenError`] when the token is empty, shorter than [`Token::MIN_CONFIGURED_LEN`] bytes, could never arrive
    /// in an `Authorization` header, or looks minted and fails its checksum: a typo.
    pub fn of_configured(token: &str) -> Result<Self, TokenError> {
        Token::check_configured(token)?;
        Ok(Self::of(token.as_bytes()))
    }

    /// The 32 bytes, for writing a key file.
    pub const fn to_bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        let mut i = 0;
        while i < 32 {
            bytes[i] = self.0[i / 8].to_be_bytes()[i % 8];
            i += 1;
        }
        bytes
    }

    /// The 64 lower-case hexadecimal digits, for writing a key file.
    pub const fn to_hex(&self) -> [u8; 64] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let bytes = self.to_bytes();
        let mut hex = [0; 64];
        let mut i = 0;
        while i < 32 {
            hex[2 * i] = DIGITS[(bytes[i] >> 4) as usize];
            hex[2 * i + 1] = DIGITS[(bytes[i] & 15) as usize];
            i += 1;
        }
        hex
    }

    /// Zero when equal. The bits of a difference are gathered, never branched on.
    const fn difference(&self, other: &Self) -> u64 {
        (self.0[0] ^ other.0[0]) | (self.0[1] ^ other.0[1]) | (self.0[2] ^ other.0[2]) | (self.0[3] ^ other.0[3])
    }

    /// The leading 64 bits: what an index may look at.
    pub(crate) const fn lead(&self) -> u64 {
        self.0[0]
    }

    /// The order of *configured* digests.
    pub(crate) const fn is_before(&self, other: &Self) -> bool {
        let mut i = 0;
        while i < 4 {
            if self.0[i] != other.0[i] {
                return self.0[i] < other.0[i];
            }
            i += 1;
        }
        false
    }

    /// Whether two *configured* digests are the same. For construction: `subtle` cannot run in a `const`.
    pub(crate) const fn same_configured(&self, other: &Self) -> bool {
        self.difference(other) == 0
    }
}

/// FIPS 180-4 section 5.1.1: a one bit, zeros, and the length in bits at the end of the last block.
///
/// `tail` is room of zeros, and zeros again when this returns.
#[inline]
fn compress_end(state: &mut [u32; 8], rest: &[u8], len: usize, tail: &mut [[u8; 64]; 2]) {
    let used = if rest.len() < 56 { 1 } else { 2 };
    let bytes = tail[..used].as_flattened_mut();
    bytes[..rest.len()].copy_from_slice(rest);
    bytes[rest.len()] = 0x80;
    let end = bytes.len();
    bytes[end - 8..].copy_from_slice(&(8 * len as u64).to_be_bytes());
    compress256(state, &tail[..used]);
    tail[..used].as_flattened_mut().zeroize();
}

impl ConstantTimeEq for Digest {
    #[inline]
    fn ct_eq(&self, other: &Self) -> Choice {
        // One barrier for the whole digest. `subtle`'s slice comparison has one per byte and leaves early on length.
        self.difference(other).ct_eq(&0)
    }
}

impl core::fmt::Debug for Digest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Digest(..)")
    }
}

/// Why a text is not a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DigestError {
    /// Not 64 digits.
    Length,
    /// Something that is not a hexadecimal digit.
    Character,
}

impl DigestError {
    /// What is wrong and how to mend it.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Length => {
                "a digest is the SHA-256 of a token in exactly 64 hexadecimal digits: store the digest, not the token"
            }
            Self::Character => {
                "a digest holds hexadecimal digits only: store the SHA-256 of the token as `sha256sum` prints it"
            }
        }
    }
}

crate::dialect::error!(DigestError);

/// A [`Digest`](crate::secret::Digest) from 64 hexadecimal digits, checked by the compiler.
///
/// ```
/// use sallet_core::{digest_hex, secret::Digest};
/// static SENSOR: Digest = digest_hex!("3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0");
/// # let _ = SENSOR;
/// ```
///
/// A digit too few does not compile:
///
/// ```compile_fail,E0080
/// let sensor = sallet_core::digest_hex!("3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e");
/// // error[E0080]: evaluation panicked: a digest is the SHA-256 of a token in exactly 64 hexadecimal digits:
/// //               store the digest, not the token
/// ```
#[macro_export]
macro_rules! digest_hex {
    ($hex:expr) => {
        const {
            match $crate::secret::Digest::from_hex($hex) {
                Ok(digest) => digest,
                Err(error) => panic!("{}", error.message()),
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    // FIPS 180-4 example: SHA-256 of "abc".
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn the_standards_example() {
        let digest = Digest::of(b"abc");
        assert_eq!(&digest.to_hex()[..], ABC.as_bytes());
        assert!(bool::from(digest.ct_eq(&Digest::from_hex(ABC).unwrap())));
        assert!(bool::from(digest.ct_eq(&Digest::from_bytes(digest.to_bytes()))));
        assert!(Digest::of(b"").same_configured(&Digest::OF_EMPTY));
    }

    #[test]
    fn every_length_around_the_block_agrees_with_the_whole_hasher() {
        use sha2::{Digest as _, Sha256};
        let mut message = [0; 260];
        for (i, byte) in message.iter_mut().enumerate() {
            *byte = u8::try_from(i % 251).unwrap();
        }
        for len in 0..=message.len() {
            let expected: [u8; 32] = Sha256::digest(&message[..len]).into();
            assert_eq!(Digest::of(&message[..len]).to_bytes(), expected, "{len}");
        }
    }

    #[test]
    fn the_padded_end_of_a_token_is_wiped() {
        for len in 0..64 {
            let (mut state, mut tail) = (INITIAL, [[0; 64]; 2]);
            compress_end(&mut state, &[b'a'; 64][..len], len, &mut tail);
            assert_eq!(tail, [[0; 64]; 2], "{len}");
            assert_ne!(state, INITIAL);
        }
    }

    #[test]
    fn every_single_bit_counts() {
        let bytes = Digest::of(b"abc").to_bytes();
        for bit in 0..256 {
            let mut other = bytes;
            other[bit / 8] ^= 1 << (bit % 8);
            let (a, b) = (Digest::from_bytes(bytes), Digest::from_bytes(other));
            assert!(!bool::from(a.ct_eq(&b)), "bit {bit}");
            assert!(!a.same_configured(&b), "bit {bit}");
        }
    }

    #[test]
    fn hex_in_either_case_and_with_the_algorithm_in_front() {
        let mut upper = [0; 64];
        upper.copy_from_slice(ABC.as_bytes());
        upper.make_ascii_uppercase();
        let upper = Digest::from_hex(core::str::from_utf8(&upper).unwrap()).unwrap();
        assert!(upper.same_configured(&Digest::of(b"abc")));

        let mut named = [0; 71];
        named[..7].copy_from_slice(b"sha256:");
        named[7..].copy_from_slice(ABC.as_bytes());
        let named = Digest::from_hex(core::str::from_utf8(&named).unwrap()).unwrap();
        assert!(named.same_configured(&upper));
    }

    #[test]
    fn bad_hex() {
        assert_eq!(Digest::from_hex("").unwrap_err(), DigestError::Length);
        assert_eq!(Digest::from_hex("sha256:").unwrap_err(), DigestError::Length);
        assert_eq!(Digest::from_hex(&ABC[1..]).unwrap_err(), DigestError::Length);
        let mut bad = [b'0'; 64];
        bad[63] = b'g';
        assert_eq!(Digest::from_hex(core::str::from_utf8(&bad).unwrap()).unwrap_err(), DigestError::Character);
    }
}
