use sallet_core::digest_hex;
use sallet_core::secret::{Digest, DigestError, Token, TokenError};
use subtle::ConstantTimeEq;

use crate::{prints, speaks, unknown};

/// FIPS 180-4: SHA-256 of "abc".
const ABC: Digest = digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");

pub fn works() -> bool {
    digests() && tokens() && errors()
}

fn digests() -> bool {
    let digest = Digest::of(unknown("abc").as_bytes());
    let hex = digest.to_hex();
    let read = core::str::from_utf8(&hex).ok().and_then(|hex| Digest::from_hex(hex).ok());
    digest.ct_eq(&ABC).into()
        && read.is_some_and(|read| read.ct_eq(&Digest::from_bytes(digest.to_bytes())).into())
        && Digest::of_configured(unknown("abc")).is_err_and(|error| error == TokenError::Short)
}

fn tokens() -> bool {
    let Ok(token) = Token::mint(unknown(Token::DEFAULT_PREFIX), core::hint::black_box([7; 32])) else { return false };
    let text = Token::as_str(&token);
    Token::check(text).is_ok()
        && Token::check_configured(text).is_ok()
        && Token::check(&text[1..]) == Err(TokenError::Checksum)
        && (Token::MIN_CONFIGURED_LEN..=Token::MAX_LEN).contains(&text.len())
        && Token::digest(&token).ct_eq(&Digest::of(text.as_bytes())).into()
}

fn errors() -> bool {
    let tokens = [
        TokenError::Prefix,
        TokenError::Empty,
        TokenError::Characters,
        TokenError::Short,
        TokenError::Shape,
        TokenError::Checksum,
    ];
    let digests = [DigestError::Length, DigestError::Character];
    tokens.iter().all(|&error| speaks(error) && prints(error, TokenError::message(error)))
        && digests.iter().all(|&error| speaks(error) && prints(error, DigestError::message(error)))
}
