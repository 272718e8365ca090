//! The keyring: what it admits, what it refuses, and what it cannot be made of.

use proptest::prelude::*;
use sallet_core::auth::{
    AuthScheme, CredentialsError, Key, Keyring, KeyringError, Realm, Reason, Refusal, RequestFields, Requirement,
    Scopes,
};
use sallet_core::secret::{Digest, Token};

fn key(id: &str, token: &str) -> Key<String> {
    Key {
        id: id.into(),
        principal: id.into(),
        scopes: String::new(),
        not_before: None,
        not_after: None,
        digest: Digest::of(token.as_bytes()),
    }
}

fn tokens(count: u8) -> Vec<String> {
    (0..count).map(|n| Token::mint("slt", [n; 32]).unwrap().as_str().to_owned()).collect()
}

fn ring(tokens: &[String]) -> Keyring<Vec<Key<String>>> {
    Keyring::try_new(tokens.iter().enumerate().map(|(n, token)| key(&format!("key-{n}"), token)).collect()).unwrap()
}

fn needing(scopes: &str) -> Requirement<&str> {
    Requirement::new(AuthScheme::Bearer, Realm::new("items"), Scopes::parse(scopes).unwrap())
}

#[test]
fn every_key_of_every_ring_size_is_found_at_its_place() {
    for size in 1..=33 {
        let tokens = tokens(size);
        let ring = ring(&tokens);
        for (at, token) in tokens.iter().enumerate() {
            assert_eq!(ring.verify(token.as_bytes(), 0).unwrap().id, format!("key-{at}"), "ring of {size}");
        }
        assert_eq!(ring.verify(b"", 0).unwrap_err(), Reason::Unknown);
        assert!(bool::from(ring.position(b"").is_none()));
    }
}

#[test]
fn the_verdict_names_the_tokens_own_key_and_principal() {
    let tokens = tokens(16);
    let keys = tokens.iter().enumerate().map(|(n, token)| Key {
        principal: format!("principal-{n}"),
        scopes: format!("scope-{n}"),
        ..key(&format!("key-{n}"), token)
    });
    let ring = Keyring::try_new(keys.collect::<Vec<_>>()).unwrap();
    for (at, token) in tokens.iter().enumerate() {
        let line = format!("Bearer {token}");
        let (own, other) = (format!("scope-{at}"), format!("scope-{}", (at + 1) % 16));
        let fields = [("authorization", line.as_bytes())];
        let verdict = |scopes| needing(scopes).verdict(&ring, &RequestFields::new("GET", &fields), 0);
        for key in [ring.verify(token.as_bytes(), 0).unwrap(), verdict("").unwrap(), verdict(&own).unwrap()] {
            assert_eq!((&key.id, &key.principal), (&format!("key-{at}"), &format!("principal-{at}")));
        }
        assert_eq!(verdict(&other).unwrap_err(), Reason::InsufficientScope, "{at}");
    }
}

#[test]
fn the_window_includes_both_ends() {
    let keys = vec![Key { not_before: Some(10), not_after: Some(20), ..key("a", "token") }];
    let ring = Keyring::try_new(keys).unwrap();
    assert_eq!(ring.verify(b"token", 9).unwrap_err(), Reason::NotYetValid);
    assert!(ring.verify(b"token", 10).is_ok());
    assert!(ring.verify(b"token", 20).is_ok());
    assert_eq!(ring.verify(b"token", 21).unwrap_err(), Reason::Expired);
    // To the client both look like a token that never was.
    let reason = |line: &[u8], now| {
        needing("").verdict(&ring, &RequestFields::new("GET", &[("authorization", line)]), now).unwrap_err()
    };
    let reasons = [reason(b"Bearer token", 9), reason(b"Bearer token", 21), reason(b"Bearer never", 15)];
    assert_eq!(reasons, [Reason::NotYetValid, Reason::Expired, Reason::Unknown]);
    assert_eq!(reasons.map(Reason::refusal), [Refusal::InvalidToken; 3]);
}

#[test]
fn the_order_of_reasons() {
    let ring = Keyring::try_new(vec![Key { scopes: "a b".into(), ..key("id", "token") }]).unwrap();
    let line = &b"Bearer token"[..];
    let verdict = |lines: &[&'static [u8]], scopes| {
        let fields: Vec<_> = lines.iter().map(|&line| ("authorization", line)).collect();
        needing(scopes).verdict(&ring, &RequestFields::new("GET", &fields), 0).map(|key| key.id.as_str())
    };
    assert_eq!(verdict(&[line], "b a"), Ok("id"));
    assert_eq!(verdict(&[line], "c"), Err(Reason::InsufficientScope));
    assert_eq!(verdict(&[b"Bearer x"], "c"), Err(Reason::Unknown));
    assert_eq!(verdict(&[], "c"), Err(Reason::Missing));
    assert_eq!(verdict(&[line, line], ""), Err(Reason::Malformed(CredentialsError::Repeated)));
}

#[test]
fn what_is_no_keyring() {
    let error = |keys: Vec<Key<String>>| Keyring::try_new(keys).unwrap_err();
    assert_eq!(error(vec![key("", "x")]), KeyringError::Id);
    assert_eq!(error(vec![key("a\nb", "x")]), KeyringError::Id);
    assert_eq!(error(vec![Key { principal: "\u{7f}".into(), ..key("a", "x") }]), KeyringError::Principal);
    assert_eq!(error(vec![Key { scopes: "a  b".into(), ..key("a", "x") }]), KeyringError::Scopes);
    assert_eq!(error(vec![key("a", "")]), KeyringError::EmptyToken);
    assert_eq!(error(vec![key("a", "x"), key("b", "y"), key("a", "z")]), KeyringError::DuplicateId);
    assert_eq!(error(vec![key("a", "x"), key("b", "y"), key("c", "x")]), KeyringError::DuplicateToken);
    let never = Key { not_before: Some(2), not_after: Some(1), ..key("a", "x") };
    assert_eq!(error(vec![never]), KeyringError::Window);
    let instant = Key { not_before: Some(2), not_after: Some(2), ..key("a", "x") };
    assert!(Keyring::try_new(vec![instant]).is_ok());
}

/// The file was read well and its only key had been taken out: to refuse the ring would keep that key in force.
#[test]
fn a_ring_without_keys_admits_nobody() {
    let ring = Keyring::try_new(Vec::<Key<String>>::new()).unwrap();
    assert_eq!(ring.keys().len(), 0);
    for token in [&b"token"[..], b"", b"x"] {
        assert_eq!(ring.verify(token, 0).unwrap_err(), Reason::Unknown);
        assert!(bool::from(ring.position(token).is_none()));
    }
    let reason =
        |fields: &[(&str, &[u8])]| needing("").verdict(&ring, &RequestFields::new("GET", fields), 0).unwrap_err();
    assert_eq!(reason(&[("authorization", b"Bearer token")]), Reason::Unknown);
    assert_eq!(reason(&[]), Reason::Missing);
    assert_eq!(format!("{ring:?}"), "Keyring[]");
}

/// A `static` ring is different: nobody could ever put a key into it.
#[test]
#[should_panic(expected = "a keyring needs at least one key")]
fn a_static_ring_without_keys_is_refused() {
    let _ = Keyring::new(&[]);
}

#[test]
fn any_home_for_the_keys_will_do() {
    let boxed: Box<[Key<String>]> = vec![key("a", "token")].into();
    assert!(Keyring::try_new(boxed).unwrap().verify(b"token", 0).is_ok());

    let mut fixed = heapless::Vec::<Key<heapless::String<8>>, 4>::new();
    let digest = Digest::of(b"token");
    let text = |s: &str| heapless::String::try_from(s).unwrap();
    fixed
        .push(Key { id: text("a"), principal: text("a"), scopes: text(""), not_before: None, not_after: None, digest })
        .unwrap();
    assert!(Keyring::try_new(fixed).unwrap().verify(b"token", 0).is_ok());
}

#[test]
fn nothing_secret_is_printed() {
    let keys = vec![key("visible", "token")];
    let hex = String::from_utf8(keys[0].digest.to_hex().to_vec()).unwrap();
    let shown = format!("{:?}", keys[0]);
    assert!(shown.contains("visible") && !shown.contains(&hex[..8]));
    assert_eq!(format!("{:?}", Keyring::try_new(keys).unwrap()), r#"Keyring["visible"]"#);
}

proptest! {
    #[test]
    fn one_changed_character_anywhere_is_refused(
        entropy in any::<[u8; 32]>(),
        others in prop::collection::vec(any::<[u8; 32]>(), 0..8),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let minted = Token::mint("slt", entropy).unwrap();
        let mut all = vec![minted.as_str().to_owned()];
        for other in others {
            let other = Token::mint("slt", other).unwrap();
            if !all.iter().any(|one| one == other.as_str()) {
                all.push(other.as_str().to_owned());
            }
        }
        let ring = ring(&all);
        prop_assert_eq!(&ring.verify(minted.as_str().as_bytes(), 0).unwrap().id, "key-0");

        let mut changed = minted.as_str().as_bytes().to_vec();
        let at = at.index(changed.len());
        prop_assume!(changed[at] != byte);
        changed[at] = byte;
        // A change may turn one token of the ring into another; that is then not a refusal.
        prop_assume!(!all.iter().any(|one| one.as_bytes() == changed));
        prop_assert_eq!(ring.verify(&changed, 0).unwrap_err(), Reason::Unknown);
        prop_assert_eq!(
            std::str::from_utf8(&changed).map(|text| Token::check(text).is_ok()).unwrap_or(false), false
        );
        // Nor is a part of it, or it with something behind.
        prop_assert!(ring.verify(&minted.as_str().as_bytes()[..at], 0).is_err());
        prop_assert!(ring.verify(&[minted.as_str().as_bytes(), b"="].concat(), 0).is_err());
    }
}
