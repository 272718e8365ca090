//! Minting tokens, and telling a typo from a token.

use crc::{CRC_32_ISO_HDLC, Crc, NoTable};
use zeroize::{Zeroize, Zeroizing};

use super::Digest;
use crate::grammar;

/// No table: 1 KiB of flash is worth more than speed in a function that runs when somebody mints a key.
const CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// 62^43 is the first power above 2^256.
const BODY: usize = 43;
/// 62^6 is the first power above 2^32.
const CHECK: usize = 6;
const MAX_PREFIX: usize = 14;

/// A freshly minted token: `prefix_`, 256 bits in base62, and a CRC-32 in base62.
///
/// The shape is GitHub's: a prefix that secret scanners can find, no character that a double click or a shell
/// would stop at, and a checksum by which a tool tells a typo from an unknown key without asking anybody. With the
/// default prefix a token is 53 bytes long, and so fits, padding included, into *one* block of SHA-256.
///
/// Its bytes are wiped on drop, and `Debug` does not show them.
///
/// ```
/// use sallet_core::secret::Token;
/// # let entropy = [7; 32];
/// // let entropy: [u8; 32] = from the operating system or the chip's generator;
/// let token = Token::mint(Token::DEFAULT_PREFIX, entropy)?;
/// assert!(token.as_str().starts_with("slt_"));
/// assert_eq!(token.as_str().len(), 53);
/// assert!(Token::check(token.as_str()).is_ok());
/// assert_eq!(format!("{token:?}"), "Token(slt_..)");
///
/// let stored = token.digest(); // what goes into the keyring; the token goes to its owner
/// # let _ = stored;
/// # Ok::<(), sallet_core::secret::TokenError>(())
/// ```
pub struct Token {
    bytes: Zeroizing<[u8; Self::MAX_LEN]>,
    len: usize,
}

impl Token {
    /// `slt`.
    pub const DEFAULT_PREFIX: &'static str = "slt";

    /// The length with the longest prefix, 14 bytes.
    pub const MAX_LEN: usize = MAX_PREFIX + 1 + BODY + CHECK;

    /// A token somebody made up must have this many bytes.
    ///
    /// Length proves nothing about entropy, but below 16 characters there is not enough room for it: this refuses
    /// `secret` and `changeme` where they would do most harm, under a fast hash.
    pub const MIN_CONFIGURED_LEN: usize = 16;

    /// Makes a token from 32 bytes of a cryptographic random generator; this crate has no generator of its own.
    ///
    /// A prefix of up to five bytes keeps the token within one block of SHA-256, so that checking it takes half the
    /// time of a longer one.
    ///
    /// # Errors
    /// [`TokenError::Prefix`] when the prefix is not 1 to 14 ASCII letters, digits or `_`, starting with a letter.
    pub fn mint(prefix: &str, mut entropy: [u8; 32]) -> Result<Self, TokenError> {
        if !is_prefix(prefix.as_bytes()) {
            return Err(TokenError::Prefix);
        }
        let mut token = Self { bytes: Zeroizing::new([0; Self::MAX_LEN]), len: prefix.len() + 1 + BODY + CHECK };
        let (head, check) = token.bytes[..token.len].split_at_mut(prefix.len() + 1 + BODY);
        head[..prefix.len()].copy_from_slice(prefix.as_bytes());
        head[prefix.len()] = b'_';
        for place in head[prefix.len() + 1..].iter_mut().rev() {
            *place = BASE62[divide_by_62(&mut entropy)];
        }
        checksum(head, check);
        entropy.zeroize();
        Ok(token)
    }

    /// Whether `text` is a minted token without a typo.
    ///
    /// For configuration and tooling. The request path does not ask: hashing one block costs less than this
    /// checksum, and the keyring's verdict covers typos too.
    ///
    /// # Errors
    /// [`TokenError::Shape`] when it was never minted, [`TokenError::Checksum`] when it has the shape but not the
    /// checksum.
    pub fn check(text: &str) -> Result<(), TokenError> {
        let text = text.as_bytes();
        let Some(body) = text.len().checked_sub(BODY + CHECK + 1) else { return Err(TokenError::Shape) };
        let (prefix, tail) = text.split_at(body);
        if !is_prefix(prefix) || tail[0] != b'_' || !tail[1..].iter().all(u8::is_ascii_alphanumeric) {
            return Err(TokenError::Shape);
        }
        let (head, found) = text.split_at(text.len() - CHECK);
        let mut expected = [0; CHECK];
        checksum(head, &mut expected);
        if found != expected { Err(TokenError::Checksum) } else { Ok(()) }
    }

    /// Whether `text` may stand in a configuration as somebody's token.
    ///
    /// A token of another issuer is fine; one that cannot arrive in a header, that is too short to be safe under a
    /// fast hash, or that was minted here and mistyped since, is not.
    ///
    /// # Errors
    /// [`TokenError`], which tells the fix and never shows the token.
    pub fn check_configured(text: &str) -> Result<(), TokenError> {
        if text.is_empty() {
            return Err(TokenError::Empty);
        }
        if !grammar::is_token68(text.as_bytes()) {
            return Err(TokenError::Characters);
        }
        if text.len() < Self::MIN_CONFIGURED_LEN {
            return Err(TokenError::Short);
        }
        match Self::check(text) {
            // Cut when it was copied, or one character too long.
            Err(TokenError::Shape)
                if text
                    .strip_prefix("slt_")
                    .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_alphanumeric())) =>
            {
                Err(TokenError::Checksum)
            }
            Err(TokenError::Shape) | Ok(()) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The secret itself, to be shown to its owner once.
    pub fn as_str(&self) -> &str {
        // Every byte was written from an ASCII alphabet.
        core::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }

    /// What a keyring stores.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes[..self.len])
    }
}

impl core::fmt::Debug for Token {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let prefix = self.len.saturating_sub(BODY + CHECK);
        write!(f, "Token({}..)", self.as_str().get(..prefix).unwrap_or_default())
    }
}

/// Why a text is not a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenError {
    /// The prefix to mint with is unusable.
    Prefix,
    /// No token at all.
    Empty,
    /// Characters that RFC 6750 section 2.1 does not allow in a bearer token.
    Characters,
    /// Too short to hold enough entropy.
    Short,
    /// Not of the minted shape.
    Shape,
    /// Of the minted shape, with a typo.
    Checksum,
}

impl TokenError {
    /// What is wrong and how to mend it.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Prefix => "a token prefix is 1 to 14 ASCII letters, digits or `_` and starts with a letter",
            Self::Empty => {
                "the token is empty: is the variable that should hold it set? Mint one with `python -m sallet token`"
            }
            Self::Characters => {
                "a bearer token holds ASCII letters, digits and `-._~+/` only, with `=` at the end (RFC 6750 section \
                 2.1); this one could never arrive: mint one with `python -m sallet token`"
            }
            Self::Short => {
                "a token under 16 characters can be guessed from its digest: mint one with `python -m sallet token`"
            }
            Self::Shape => "this is not a minted token: a prefix, `_`, and 49 letters and digits",
            Self::Checksum => {
                "the token's checksum does not fit: it was mistyped or cut; copy it again as it was minted"
            }
        }
    }
}

crate::dialect::error!(TokenError);

fn is_prefix(prefix: &[u8]) -> bool {
    matches!(prefix, [first, ..] if first.is_ascii_alphabetic())
        && prefix.len() <= MAX_PREFIX
        && prefix.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Schoolbook division of a big-endian number in place; returns the remainder.
fn divide_by_62(number: &mut [u8; 32]) -> usize {
    let mut remainder = 0_u16;
    for byte in number {
        let part = remainder << 8 | u16::from(*byte);
        *byte = (part / 62).to_le_bytes()[0];
        remainder = part % 62;
    }
    usize::from(remainder)
}

fn checksum(head: &[u8], out: &mut [u8]) {
    let mut crc = CRC.checksum(head);
    for place in out.iter_mut().rev() {
        *place = BASE62[(crc % 62) as usize];
        crc /= 62;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with Python's big integers and `zlib.crc32`.
    const MINTED: [(&str, [u8; 32], &str); 3] = [
        ("slt", [255; 32], "slt_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp12D8Iun"),
        (
            "slt",
            [
                0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27,
                28, 29, 30, 31,
            ],
            "slt_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf4egi3F",
        ),
        ("acme_live", [0; 32], "acme_live_00000000000000000000000000000000000000000002psIG6"),
    ];

    #[test]
    fn agrees_with_an_independent_calculation() {
        for (prefix, entropy, text) in MINTED {
            let token = Token::mint(prefix, entropy).unwrap();
            assert_eq!(token.as_str(), text);
            assert_eq!(Token::check(text), Ok(()));
            assert_eq!(Token::check_configured(text), Ok(()));
            assert_eq!(token.digest().to_bytes(), Digest::of(text.as_bytes()).to_bytes());
        }
    }

    #[test]
    fn a_default_token_and_its_padding_fill_one_block() {
        // FIPS 180-4 section 5.1.1: one bit and an eight-byte length follow the message.
        assert!(Token::mint("slt", [9; 32]).unwrap().as_str().len() + 9 <= 64);
        assert!(Token::mint("abcde", [9; 32]).unwrap().as_str().len() + 9 <= 64);
    }

    /// No test can read the memory afterwards without `unsafe`, so the type has to promise it: this does not compile
    /// for a plain array.
    #[test]
    fn is_wiped_on_drop() {
        const fn is_wiped(_: &impl zeroize::ZeroizeOnDrop) {}
        is_wiped(&Token::mint("slt", [9; 32]).unwrap().bytes);
    }

    #[test]
    fn prefixes() {
        for good in ["a", "slt", "A1_b", "abcdefghijklmn"] {
            assert_eq!(Token::check(Token::mint(good, [3; 32]).unwrap().as_str()), Ok(()), "{good}");
        }
        for bad in ["", "1a", "_a", "a-b", "a b", "\u{e9}", "abcdefghijklmno"] {
            assert_eq!(Token::mint(bad, [3; 32]).unwrap_err(), TokenError::Prefix, "{bad}");
        }
    }

    #[test]
    fn every_one_character_typo_is_seen() {
        let (_, _, text) = MINTED[1];
        for at in 4..text.len() {
            for &other in BASE62 {
                let mut typo = [0; 53];
                typo.copy_from_slice(text.as_bytes());
                if typo[at] != other {
                    typo[at] = other;
                    let typo = core::str::from_utf8(&typo).unwrap();
                    assert_eq!(Token::check(typo), Err(TokenError::Checksum), "{typo}");
                    assert_eq!(Token::check_configured(typo), Err(TokenError::Checksum), "{typo}");
                }
            }
        }
    }

    #[test]
    fn what_a_configuration_may_hold() {
        let (_, _, text) = MINTED[1];
        assert_eq!(Token::check_configured(""), Err(TokenError::Empty));
        assert_eq!(Token::check_configured("changeme"), Err(TokenError::Short));
        assert_eq!(Token::check_configured("two words in a row"), Err(TokenError::Characters));
        assert_eq!(Token::check_configured("caf\u{e9}-caf\u{e9}-caf\u{e9}"), Err(TokenError::Characters));
        assert_eq!(Token::check_configured(&text[..52]), Err(TokenError::Checksum), "cut when copied");
        assert_eq!(Token::check_configured("somebody-elses-token"), Ok(()));
        assert_eq!(Token::check_configured("slt_of-somebody-else"), Ok(()));
        assert_eq!(Token::check("somebody-elses-token"), Err(TokenError::Shape));
    }
}
