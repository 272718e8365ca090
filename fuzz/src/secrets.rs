//! Texts that become digests, tokens and keys.

use sallet_core::auth::{AuthScheme, Key, Keyring, KeyringError, Realm, Reason, RequestFields, Requirement, Scopes};
use sallet_core::secret::{Digest, Token, TokenError};

use crate::input;

/// A text that is tried as a token, as a digest and as a prefix; then ids, principals and scopes of keys; with bytes FF
/// between.
pub fn secrets(data: &[u8]) {
    let texts: Vec<_> = input::texts(data).collect();
    let (Some(first), names) = (texts.first(), texts.get(1..).unwrap_or_default()) else { return };
    digest(first);
    configured(first);
    minted(first, data);
    keyring(first, names);
}

/// What is read as a digest is printed as the same digits, and shown as none.
fn digest(text: &str) {
    let digits = text.strip_prefix("sha256:").unwrap_or(text);
    let good = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digest = Digest::from_hex(text);
    assert_eq!(digest.is_ok(), good, "{text:?}");
    let Ok(digest) = digest else { return };
    let hex = digest.to_hex();
    assert_eq!(std::str::from_utf8(&hex).unwrap(), digits.to_ascii_lowercase());
    assert_eq!(Digest::from_bytes(digest.to_bytes()).to_hex(), hex);
    assert_eq!(format!("{digest:?}"), "Digest(..)");
}

/// A token that a configuration may hold can arrive in a request, as it is.
fn configured(text: &str) {
    let checked = Token::check_configured(text);
    assert_eq!(
        Digest::of_configured(text).map(|digest| digest.to_hex()),
        checked.map(|()| Digest::of(text.as_bytes()).to_hex())
    );
    if checked.is_ok() {
        assert!(text.len() >= Token::MIN_CONFIGURED_LEN);
        let line = format!("Bearer {text}");
        if line.len() <= sallet_core::auth::Credentials::MAX_LEN {
            let need = Requirement::new(AuthScheme::Bearer, Realm::new("items"), Scopes::EMPTY);
            let fields = [("authorization", line.as_bytes())];
            assert_eq!(need.read(&RequestFields::new("GET", &fields), |token| token == text), Ok(true));
        }
    }
    if Token::check(text).is_ok() {
        assert_eq!(checked, Ok(()), "a minted token may stand anywhere");
    }
}

/// Of a minted token every other text of its shape is told: a character changed, lost, or added.
fn minted(prefix: &str, data: &[u8]) {
    let mut entropy = [0; 32];
    entropy.iter_mut().zip(data).for_each(|(to, from)| *to = *from);
    let good = matches!(prefix.len(), 1..=14)
        && prefix.starts_with(|c: char| c.is_ascii_alphabetic())
        && prefix.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let token = match Token::mint(prefix, entropy) {
        Ok(token) => token,
        Err(error) => return assert_eq!((error, good), (TokenError::Prefix, false)),
    };
    assert!(good);
    let text = token.as_str();
    assert_eq!(text.len(), prefix.len() + 50);
    assert_eq!((Token::check(text), Token::check_configured(text)), (Ok(()), Ok(())));
    assert_eq!(token.digest().to_hex(), Digest::of(text.as_bytes()).to_hex());
    assert!(!format!("{token:?}").contains(&text[prefix.len() + 1..]), "the secret part is not shown");

    let at = prefix.len() + 1 + usize::from(entropy[31]) % 49;
    let other = if text.as_bytes()[at] == b'a' { "b" } else { "a" };
    let typo = format!("{}{other}{}", &text[..at], &text[at + 1..]);
    assert_eq!(Token::check(&typo), Err(TokenError::Checksum), "{typo} for {text}");
    assert!(Token::check(&text[..text.len() - 1]).is_err());
}

/// Keys of a file: a ring has the keys that were given, or says why it has none.
fn keyring(token: &str, names: &[std::borrow::Cow<'_, str>]) {
    let (parts, _) = names.as_chunks::<3>();
    let key = |(i, [id, principal, scopes]): (usize, &[std::borrow::Cow<'_, str>; 3])| Key {
        id: id.to_string(),
        principal: principal.to_string(),
        scopes: scopes.to_string(),
        not_before: (i % 3 == 1).then_some(1_000),
        not_after: (i % 3 == 2).then_some(2_000),
        digest: Digest::of(format!("{token}{i}").as_bytes()),
    };
    let keys: Vec<_> = parts.iter().enumerate().map(key).collect();
    let is_name = |text: &str| !text.is_empty() && !text.bytes().any(|byte| byte < 0x20 || byte == 0x7f);
    let is_scope =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
    let expected = keys.iter().enumerate().try_for_each(|(i, key)| {
        let checks = [
            (!is_name(&key.id), KeyringError::Id),
            (!is_name(&key.principal), KeyringError::Principal),
            (!key.scopes.is_empty() && !key.scopes.split(' ').all(is_scope), KeyringError::Scopes),
            (keys[..i].iter().any(|other| other.id == key.id), KeyringError::DuplicateId),
        ];
        checks.into_iter().find(|(wrong, _)| *wrong).map_or(Ok(()), |(_, error)| Err(error))
    });
    let count = keys.len();
    let ring = Keyring::try_new(keys);
    assert_eq!(ring.as_ref().map(|_| ()).map_err(|error| *error), expected);
    let Ok(ring) = ring else { return };
    for i in 0..count {
        let token = format!("{token}{i}");
        let found = |now| ring.verify(token.as_bytes(), now).map(|key| key.id.as_str());
        let id = ring.keys()[i].id.as_str();
        assert_eq!(found(999), if i % 3 == 1 { Err(Reason::NotYetValid) } else { Ok(id) });
        assert_eq!(found(1_000), Ok(id));
        assert_eq!(found(2_000), Ok(id));
        assert_eq!(found(2_001), if i % 3 == 2 { Err(Reason::Expired) } else { Ok(id) });
    }
    assert_eq!(ring.verify(format!("{token}{count}").as_bytes(), 1_000).unwrap_err(), Reason::Unknown);
}
