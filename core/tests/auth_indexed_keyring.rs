//! The keyring with an index: the same verdicts as the one without, from any room and for crowded digests.

use proptest::prelude::*;
use sallet_core::auth::{
    AuthScheme, IndexedKeyring, Key, Keyring, KeyringError, Realm, Reason, RequestFields, Requirement, Scopes,
};
use sallet_core::secret::Digest;

fn key(n: usize) -> Key<String> {
    Key {
        id: format!("key-{n}"),
        principal: format!("principal-{}", n / 2),
        scopes: "items:read".into(),
        not_before: (n % 4 == 1).then_some(1_000),
        not_after: (n % 4 == 2).then_some(500),
        digest: Digest::of(format!("token-{n}").as_bytes()),
    }
}

fn ring(keys: Vec<Key<String>>, directory: usize) -> Result<IndexedKeyring<Vec<Key<String>>, Vec<u32>>, KeyringError> {
    let room = vec![0; keys.len() + directory];
    IndexedKeyring::try_new(keys, room)
}

#[test]
fn the_same_verdicts_as_a_ring_that_is_scanned() {
    for size in (0..40).chain([255, 256, 257, 1_000]) {
        let keys: Vec<_> = (0..size).map(key).collect();
        let scanned = Keyring::try_new(keys.clone()).unwrap();
        for directory in [0, 1, size / 2, size, 3 * size] {
            let indexed = ring(keys.clone(), directory).unwrap();
            for n in 0..size + 40 {
                let token = format!("token-{n}");
                let verdict = |found: Result<&Key<String>, Reason>| found.map(|key| key.id.clone());
                for now in [0, 750, 2_000] {
                    let (a, b) = (scanned.verify(token.as_bytes(), now), indexed.verify(token.as_bytes(), now));
                    assert_eq!(verdict(a), verdict(b), "{token}, {size} keys, {directory} buckets");
                }
                let (a, b): (Option<u32>, Option<u32>) =
                    (scanned.position(token.as_bytes()).into(), indexed.position(token.as_bytes()).into());
                assert_eq!(a, b);
            }
        }
    }
}

#[test]
fn a_requirement_takes_either_ring() {
    const READ: Requirement =
        Requirement::new(AuthScheme::Bearer, Realm::new("items"), Scopes::new("items:read items:write"));
    let keys = vec![Key { scopes: "items:read items:write".into(), ..key(0) }, key(4), key(1), key(2)];
    let scanned = Keyring::try_new(keys.clone()).unwrap();
    let indexed = ring(keys, 2).unwrap();
    for (token, expected) in [
        (0, Ok("key-0")),
        (4, Err(Reason::InsufficientScope)),
        (1, Err(Reason::NotYetValid)),
        (2, Err(Reason::Expired)),
        (3, Err(Reason::Unknown)),
    ] {
        let line = format!("Bearer token-{token}");
        let fields = [("authorization", line.as_bytes())];
        let request = RequestFields::new("GET", &fields);
        let id = |found: Result<&Key<String>, Reason>| found.map(|key| key.id.clone());
        let expected = expected.map(str::to_owned);
        assert_eq!(id(READ.verdict(&scanned, &request, 750)), expected);
        assert_eq!(id(READ.verdict(&indexed, &request, 750)), expected);
    }
}

/// Whoever chooses tokens may choose where their digests fall: no more than one place then holds all of them.
#[test]
fn digests_that_begin_alike_are_told_apart() {
    let crowded = |n: u32, alike: usize| {
        let mut bytes = [0xaa; 32];
        bytes[alike..alike + 4].copy_from_slice(&n.to_be_bytes());
        Key { digest: Digest::from_bytes(bytes), ..key(n as usize) }
    };
    for alike in [0, 2, 4, 8, 28] {
        let mut keys: Vec<_> = (0..300).map(|n| crowded(n, alike)).collect();
        keys.extend((1_000..1_300).map(key));
        let indexed = ring(keys, 300).unwrap();
        for n in 1_000..1_300 {
            assert_eq!(indexed.verify(format!("token-{n}").as_bytes(), 750).is_ok(), n % 4 != 1 && n % 4 != 2);
        }
        assert_eq!(indexed.verify(b"token-0", 0).unwrap_err(), Reason::Unknown);
    }
}

#[test]
fn what_is_no_ring() {
    let error = |keys: Vec<Key<String>>| ring(keys, 3).unwrap_err();
    assert_eq!(error(vec![key(0), Key { id: "a\n".into(), ..key(1) }]), KeyringError::Id);
    assert_eq!(error(vec![key(0), Key { scopes: "a  b".into(), ..key(1) }]), KeyringError::Scopes);
    assert_eq!(error(vec![key(0), Key { digest: Digest::of(b""), ..key(1) }]), KeyringError::EmptyToken);
    let mut many: Vec<_> = (0..500).map(key).collect();
    many.push(Key { id: "another".into(), ..key(250) });
    assert_eq!(error(many.clone()), KeyringError::DuplicateToken);
    many.pop();
    many.push(Key { id: "key-250".into(), ..key(501) });
    assert_eq!(error(many), KeyringError::DuplicateId);
    let no_room = IndexedKeyring::try_new(vec![key(0), key(1)], vec![0]);
    assert_eq!(no_room.unwrap_err(), KeyringError::Room);
}

#[test]
fn a_ring_without_keys_admits_nobody() {
    let empty = ring(Vec::new(), 4).unwrap();
    assert_eq!(empty.verify(b"token-0", 0).unwrap_err(), Reason::Unknown);
    assert_eq!(empty.verify(b"", 0).unwrap_err(), Reason::Unknown);
}

#[test]
#[should_panic(expected = "in the order of their digests")]
fn a_static_ring_is_sorted() {
    let mut keys: Vec<_> = (0..3).map(|n| Key::new(["a", "b", "c"][n], key(n).digest)).collect();
    keys.sort_unstable_by_key(|key| std::cmp::Reverse(key.digest.to_bytes()));
    IndexedKeyring::new(keys.leak());
}

#[test]
#[should_panic(expected = "two keys have the same token")]
fn a_static_ring_has_no_token_twice() {
    IndexedKeyring::new(vec![Key::new("a", key(0).digest), Key::new("b", key(0).digest)].leak());
}

#[test]
fn a_static_ring_needs_no_room() {
    let mut keys: Vec<_> = (0..200).map(|n| Key::new(format!("key-{n}").leak(), key(n).digest)).collect();
    keys.sort_unstable_by_key(|key| key.digest.to_bytes());
    let ring = IndexedKeyring::new(keys.leak());
    for n in 0..200 {
        assert_eq!(ring.verify(format!("token-{n}").as_bytes(), 0).unwrap().id, format!("key-{n}"));
    }
    assert_eq!(ring.verify(b"token-200", 0).unwrap_err(), Reason::Unknown);
    assert_eq!(format!("{ring:?}"), "IndexedKeyring(200 keys)");
}

proptest! {
    #[test]
    fn no_digest_but_a_stored_one_is_found(
        // Few bytes, so that many begin alike.
        stored in prop::collection::btree_set(prop::collection::vec(0_u8..3, 9), 0..120),
        directory in 0_usize..200,
    ) {
        let digest = |head: &[u8]| {
            let mut bytes = [7; 32];
            bytes[..9].copy_from_slice(head);
            Digest::from_bytes(bytes)
        };
        let mut keys: Vec<_> =
            stored.iter().enumerate().map(|(n, head)| Key { digest: digest(head), ..key(n) }).collect();
        keys.push(key(500));
        let indexed = ring(keys, directory).unwrap();
        prop_assert_eq!(&indexed.verify(b"token-500", 0).unwrap().id, "key-500");
        prop_assert!(indexed.verify(b"token-501", 0).is_err());
    }
}
