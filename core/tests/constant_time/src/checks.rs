//! What Sallet claims: the functions that ship, run on secrets.

use std::hint::black_box;

use base64ct::{Base64, Encoding as _};
use crabgrind::count_errors;
use sallet_core::auth::{
    AuthScheme, IndexedKeyring, Key, KeyChange, KeyTable, KeyTableBuilder, Keyring, Realm, Reason, RequestFields,
    Requirement, Scopes,
};
use sallet_core::secret::Digest;
use subtle::ConstantTimeEq;

use crate::secrecy::{hide, publish};

pub const KEYS: usize = 16;
const NOW: u64 = 1_800_000_000;
const READ: Requirement = need(AuthScheme::Bearer);
const BASIC: Requirement = need(AuthScheme::Basic);
const KEY: Requirement = need(AuthScheme::ApiKey);

const fn need(scheme: AuthScheme) -> Requirement {
    Requirement::new(scheme, Realm::new("items"), Scopes::new("items:read"))
}

/// Places in the ring, in groups that end alike: in force, not yet valid, expired, and unknown, at every distance.
const GROUPS: [&[usize]; 4] = [&[0, 3, 7, 8, 15], &[1, 5, 13], &[2, 6, 14], &[16, 17, 99]];

/// What stands at a place. No key from the sixteenth on is in the ring.
fn expected(place: usize) -> Result<String, Reason> {
    match place {
        KEYS.. => Err(Reason::Unknown),
        _ if place % 4 == 1 => Err(Reason::NotYetValid),
        _ if place % 4 == 2 => Err(Reason::Expired),
        _ => Ok(id(place)),
    }
}

fn id(place: usize) -> String {
    format!("key-{place}")
}

/// As long as a minted one, for the length is public. They differ from the first byte on, within a group too: nothing
/// that looks at a part of the token is to find the same in all.
pub fn token(place: usize) -> String {
    let first = char::from(b"sA-_.~+/0z9bQdefghi"[place % 19]);
    format!("{first}lt_{place:048}{first}")
}

/// A ring whose digests are secret, and whether each key is good just now too: a search must not skip those that are not.
pub fn ring() -> Keyring<Vec<Key<String>>> {
    ring_of(token)
}

/// A user and a password. The user is public, as the place of the colon is.
fn pair(place: usize) -> String {
    format!("ada:{}", token(place))
}

fn ring_of(secret: fn(usize) -> String) -> Keyring<Vec<Key<String>>> {
    let ring = Keyring::try_new(keys(secret)).unwrap();
    hide_all(ring.keys());
    black_box(ring)
}

fn keys(secret: fn(usize) -> String) -> Vec<Key<String>> {
    let key = |place| Key {
        id: id(place),
        principal: "somebody".into(),
        scopes: "items:read items:write".into(),
        not_before: (place % 4 == 1).then_some(NOW + 1),
        not_after: (place % 4 == 2).then_some(NOW - 1),
        digest: Digest::of(secret(place).as_bytes()),
    };
    (0..KEYS).map(key).collect()
}

fn hide_all(keys: &[Key<String>]) {
    for key in keys {
        hide(&key.digest);
        hide(&key.not_before);
        hide(&key.not_after);
    }
}

type Indexed = IndexedKeyring<Vec<Key<String>>, Vec<u32>>;

/// Rings with an index, of the same keys: with a directory of two buckets, with one for each key, and without, so that every search
/// halves its way.
fn indexed() -> [Indexed; 3] {
    [2, KEYS, 0].map(|buckets| {
        let ring = IndexedKeyring::try_new(keys(token), vec![0; KEYS + buckets]).unwrap();
        hide_all(ring.keys());
        black_box(ring)
    })
}

/// A table whose second half has come by changes. What it owns cannot be hidden; what is presented is.
fn table() -> KeyTable {
    let keys = keys(token);
    let mut rows = KeyTableBuilder::new();
    keys[..KEYS / 2].iter().for_each(|key| rows.push(&key.borrowed()));
    let (table, problems) =
        rows.finish().unwrap().with_changes(keys[KEYS / 2..].iter().map(|key| KeyChange::Put(key.borrowed())));
    assert!(problems.is_empty());
    black_box(table)
}

/// Two secret digests: the same, different in the first bit, in the last, and all over.
pub fn equality() {
    let stored = Digest::of(b"stored").to_bytes();
    let (mut first, mut last) = (stored, stored);
    first[0] ^= 0x80;
    last[31] ^= 1;
    for (other, same) in [(stored, true), (first, false), (last, false), (Digest::of(b"other").to_bytes(), false)] {
        let (stored, other) = (Digest::from_bytes(stored), Digest::from_bytes(other));
        let found = publish(hide(&stored).ct_eq(hide(&other)));
        assert_eq!(bool::from(found), same);
    }
}

/// SHA-256 of a secret: none, one and several whole blocks, and every way in which the padding falls.
pub fn hashing() {
    for len in 0..=200 {
        let token = vec![b'x'; len];
        let expected = Digest::of(&token).to_bytes();
        let digest = publish(Digest::of(hide(token.as_slice())));
        assert_eq!(digest.to_bytes(), expected);
    }
}

/// The search, secret to its end: even the verdict.
pub fn search() {
    let ring = ring();
    for &place in GROUPS.into_iter().flatten() {
        let token = token(place);
        let found = publish(ring.position(hide(token.as_bytes())));
        assert_eq!(Option::from(found), u32::try_from(place).ok().filter(|_| place < KEYS));
    }
}

/// The search by an index. The leading 64 bits of digests are the index, and decide which keys are looked at; then nothing does.
pub fn indexed_search() {
    for ring in indexed() {
        for &place in GROUPS.into_iter().flatten() {
            let token = token(place);
            let found = publish(ring.position(hide(token.as_bytes())));
            assert_eq!(Option::from(found), u32::try_from(place).ok().filter(|_| place < KEYS));
        }
    }
}

/// The one call of a server that has very many keys.
pub fn indexed_verdict() {
    for ring in indexed() {
        each_place(|place| {
            let line = format!("Bearer {}", token(place));
            hide(&line["Bearer ".len()..]);
            let fields = [("authorization", black_box(line.as_bytes()))];
            let key = publish(READ.verdict(&ring, &RequestFields::new("GET", &fields), NOW));
            assert_eq!(key.map(|key| key.id.clone()), expected(place));
        });
    }
}

/// A table that has changed, in which two places are searched.
pub fn table_verify() {
    let table = table();
    each_place(|place| {
        let token = token(place);
        let found = publish(table.verify(hide(token.as_bytes()), NOW));
        assert_eq!(found.map(|found| found.key().id.to_owned()), expected(place));
    });
}

/// The search and the verdict.
pub fn verify() {
    let ring = ring();
    each_group_alike(|place| {
        let token = token(place);
        let key = publish(ring.verify(hide(token.as_bytes()), NOW));
        assert_eq!(key.map(|key| key.id.clone()), expected(place));
    });
}

/// The path of a request. Its header is read, which is public; from then on the token is a secret.
pub fn bearer() {
    let ring = ring();
    each_group_alike(|place| {
        let line = format!("Bearer {}", token(place));
        let fields = [("authorization", line.as_bytes())];
        let request = RequestFields::new("GET", &fields);
        let key = READ.read(&request, |token| publish(ring.verify(hide(token.as_bytes()), NOW))).unwrap();
        assert_eq!(key.is_ok_and(|key| key.grants(READ.scopes())), expected(place).is_ok());
    });
}

/// The same in the one call that servers make. It has no middle at which to mark the token, so the reader of the header
/// is given the secret as well.
pub fn verdict() {
    let ring = ring();
    each_group_alike(|place| {
        let line = format!("Bearer {}", token(place));
        hide(&line["Bearer ".len()..]);
        let fields = [("authorization", black_box(line.as_bytes()))];
        let key = publish(READ.verdict(&ring, &RequestFields::new("GET", &fields), NOW));
        assert_eq!(key.map(|key| key.id.clone()), expected(place));
    });
}

/// Basic, likewise. What is encoded is public while it is decoded, and a secret from then on: it is the token that is looked up.
pub fn basic() {
    let ring = ring_of(pair);
    each_group_alike(|place| {
        let line = format!("Basic {}", Base64::encode_string(pair(place).as_bytes()));
        let fields = [("authorization", line.as_bytes())];
        let request = RequestFields::new("GET", &fields);
        let key = BASIC.read(&request, |pair| publish(ring.verify(hide(pair.as_bytes()), NOW))).unwrap();
        assert_eq!(key.map(|key| key.id.clone()), expected(place));
    });
}

/// The one call for Basic, with a secret header: what is said of the pair once it is decoded, its sender knows.
pub fn basic_verdict() {
    let ring = ring_of(pair);
    each_group_alike(|place| {
        let line = format!("Basic {}", Base64::encode_string(pair(place).as_bytes()));
        // The last four say how long the pair is, which is public.
        hide(&line["Basic ".len()..line.len() - 4]);
        let fields = [("authorization", black_box(line.as_bytes()))];
        let key = publish(BASIC.verdict(&ring, &RequestFields::new("GET", &fields), NOW));
        assert_eq!(key.map(|key| key.id.clone()), expected(place));
    });
}

/// The one call for an API key, whose header is a secret from its first byte.
pub fn api_key() {
    let ring = ring();
    each_group_alike(|place| {
        let line = token(place);
        hide(line.as_bytes());
        let fields = [("x-api-key", black_box(line.as_bytes()))];
        let key = publish(KEY.verdict(&ring, &RequestFields::new("GET", &fields), NOW));
        assert_eq!(key.map(|key| key.id.clone()), expected(place));
    });
}

/// How often memcheck reports something depends on how far the index had to be halved, which differs from place to place.
fn each_place(check: impl Fn(usize)) {
    GROUPS.into_iter().flatten().for_each(|&place| check(place));
}

/// Runs the check for each place, and compares what memcheck reports. `run` sees that nothing is reported but on the
/// lines it exempts; that it is the same number wherever the key is shows that no part of the search was moved there.
fn each_group_alike(check: impl Fn(usize)) {
    for group in GROUPS {
        let reports = group.iter().map(|&place| {
            let before = count_errors();
            check(place);
            count_errors() - before
        });
        let reports = reports.collect::<Vec<_>>();
        assert!(
            reports.iter().all(|&count| count == reports[0]),
            "reports differ: {reports:?} for the places {group:?}"
        );
    }
}
