//! The table of keys: what it takes and leaves out, changes, and snapshots. Compared with a model that looks at every pair.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sallet_core::auth::{Key, KeyBlobError, KeyChange, KeyProblem, KeyTable, KeyTableBuilder, KeyringError, Reason};
use sallet_core::secret::Digest;

fn token(n: u32) -> String {
    format!("token {n}")
}

fn digest(n: u32) -> Digest {
    Digest::of(token(n).as_bytes())
}

fn table(count: u32) -> KeyTable {
    let mut rows = KeyTableBuilder::new();
    for n in 0..count {
        rows.push(&Key::new(&format!("key-{n}"), digest(n)));
    }
    rows.finish().unwrap()
}

/// Whose a token is.
fn whose(table: &KeyTable, n: u32) -> Option<String> {
    table.verify(token(n).as_bytes(), 0).ok().map(|found| found.key().id.to_owned())
}

fn problems(found: Vec<KeyProblem>) -> Vec<(String, KeyringError)> {
    let mut all: Vec<_> = found.into_iter().map(|problem| (problem.id, problem.why)).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

#[test]
fn every_key_of_every_size_is_found_as_it_was_put_in() {
    for size in (0..40).chain([300, 5_000]) {
        let key = |n: u32| Key {
            id: format!("key-{n}"),
            principal: if n.is_multiple_of(3) { format!("key-{n}") } else { format!("principal-{}", n / 2) },
            scopes: ["", "items:read", "items:read items:write"][n as usize % 3].to_owned(),
            not_before: (n % 4 == 1).then_some(1_000 + u64::from(n)),
            not_after: (n % 4 > 1).then_some(500_000),
            digest: digest(n),
        };
        let mut rows = KeyTableBuilder::new();
        (0..size).for_each(|n| rows.push(&key(n).borrowed()));
        let table = rows.finish().unwrap();
        assert_eq!((table.len(), table.iter().count()), (size as usize, size as usize));
        assert_eq!(table.is_timed(), size > 1);
        for n in 0..size {
            let expected = key(n);
            let found = table.verify(token(n).as_bytes(), 100_000).unwrap();
            let same = |found: Key<&str>| {
                assert_eq!(
                    (found.id, found.principal, found.scopes),
                    (&*expected.id, &*expected.principal, &*expected.scopes)
                );
                assert_eq!((found.not_before, found.not_after), (expected.not_before, expected.not_after));
            };
            same(found.key());
            same(table.get(found.at()).unwrap());
            same(table.by_id(&expected.id).unwrap());
            if n % 4 == 1 {
                assert_eq!(table.verify(token(n).as_bytes(), 999).unwrap_err(), Reason::NotYetValid);
            } else if n % 4 > 1 {
                assert_eq!(table.verify(token(n).as_bytes(), 500_001).unwrap_err(), Reason::Expired);
            }
        }
        assert_eq!(whose(&table, size), None);
        assert!(table.by_id(&format!("key-{size}")).is_none() && table.get(size as usize).is_none());
        assert_eq!(table.verify(b"", 0).unwrap_err(), Reason::Unknown);
    }
}

#[test]
fn the_strict_way_takes_all_or_nothing() {
    let error = |keys: &[Key<&str>]| {
        let mut rows = KeyTableBuilder::new();
        keys.iter().for_each(|key| rows.push(key));
        rows.finish().unwrap_err()
    };
    assert_eq!(error(&[Key::new("a", digest(0)), Key::new("", digest(1))]), KeyringError::Id);
    assert_eq!(error(&[Key::new("a", digest(0)).principal("\u{7f}")]), KeyringError::Principal);
    assert_eq!(error(&[Key::new("a", digest(0)).scopes("a  b")]), KeyringError::Scopes);
    assert_eq!(error(&[Key::new("a", digest(0)).not_before(2).not_after(1)]), KeyringError::Window);
    assert_eq!(error(&[Key::new("a", Digest::of(b""))]), KeyringError::EmptyToken);
    assert_eq!(error(&[Key::new("a", digest(0)), Key::new("a", digest(1))]), KeyringError::DuplicateId);
    assert_eq!(error(&[Key::new("a", digest(0)), Key::new("b", digest(0))]), KeyringError::DuplicateToken);
    let long = "x".repeat(65_536);
    assert_eq!(error(&[Key::new(&long, digest(0))]), KeyringError::Long);
    assert_eq!(error(&[Key::new("a", digest(0)).principal(&long)]), KeyringError::Long);
    let mut rows = KeyTableBuilder::new();
    rows.spoil("a", None);
    assert_eq!(rows.finish().unwrap_err(), KeyringError::Row);
}

#[test]
fn the_lenient_way_leaves_out_what_is_in_doubt_and_no_more() {
    let mut rows = KeyTableBuilder::new();
    for key in [
        Key::new("good", digest(0)),
        // Two of one token, two of one id, and one that is neither's.
        Key::new("twin-1", digest(1)),
        Key::new("twin-2", digest(1)),
        Key::new("same", digest(2)),
        Key::new("same", digest(3)),
        // A bad row, and good ones with its id and its digest.
        Key::new("bad", digest(4)).scopes("a  b"),
        Key::new("bad", digest(5)),
        Key::new("shares", digest(4)),
        Key::new("a\nb", digest(6)),
        Key::new("shares-too", digest(6)),
    ] {
        rows.push(&key);
    }
    // Their times could not be read.
    rows.spoil("spoiled", Some(digest(7)));
    rows.push(&Key::new("spoiled", digest(8)));
    rows.push(&Key::new("unlucky", digest(7)));
    rows.push(&Key::new("fine", digest(9)));
    let (table, found) = rows.finish_leniently();
    assert_eq!(whose(&table, 0).as_deref(), Some("good"));
    assert_eq!(whose(&table, 9).as_deref(), Some("fine"));
    assert_eq!((1..9).filter_map(|n| whose(&table, n)).count(), 0);
    assert_eq!(table.len(), 2);
    use KeyringError::{DuplicateId, DuplicateToken, Id, Scopes};
    let expected = [
        ("a\nb", Id),
        ("bad", Scopes),
        ("bad", DuplicateId),
        ("same", DuplicateId),
        ("same", DuplicateId),
        ("shares", DuplicateToken),
        ("shares-too", DuplicateToken),
        ("spoiled", DuplicateId),
        ("twin-1", DuplicateToken),
        ("twin-2", DuplicateToken),
        ("unlucky", DuplicateToken),
    ];
    assert_eq!(problems(found), expected.map(|(id, why)| (id.to_owned(), why)));
    // A snapshot keeps them out too: a change alone does not bring back what is in doubt.
    let (read, _) = KeyTable::from_blob(&table.to_blob()).unwrap();
    for table in [table, read] {
        let (later, found) = table.with_changes([KeyChange::Put(Key::new("twin-1", digest(1)))]);
        assert_eq!(whose(&later, 1), None);
        assert_eq!(problems(found), [("twin-1".to_owned(), DuplicateToken)]);
        let (later, found) = table.with_changes([KeyChange::Remove("twin-2")]);
        assert!(found.is_empty());
        assert_eq!(whose(&later, 1), None);
        let (later, found) = later.with_changes([KeyChange::Put(Key::new("twin-1", digest(1)))]);
        assert!(found.is_empty());
        assert_eq!(whose(&later, 1).as_deref(), Some("twin-1"));
    }
}

#[test]
fn changes_make_another_table_and_leave_this_one() {
    let before = table(1_000);
    let (after, found) = before.with_changes([
        KeyChange::Remove("key-7"),
        KeyChange::Remove("never-was"),
        KeyChange::Put(Key::new("key-8", digest(8)).scopes("changed")),
        KeyChange::Put(Key::new("key-9", digest(5_009))),
        KeyChange::Put(Key::new("new", digest(5_000))),
        KeyChange::Put(Key::new("twice", digest(5_001))),
        KeyChange::Put(Key::new("twice", digest(5_002))),
        KeyChange::Put(Key::new("short", digest(5_003))),
        KeyChange::Remove("short"),
    ]);
    assert_eq!(found, []);
    assert!(after.shares_places(&before) && after.lasting_places() == 1_000);
    let of = |table: &KeyTable| [7, 8, 9, 5_009, 5_000, 5_001, 5_002, 5_003].map(|n| whose(table, n));
    let some = |id: &str| Some(id.to_owned());
    assert_eq!(of(&before), [some("key-7"), some("key-8"), some("key-9"), None, None, None, None, None]);
    assert_eq!(of(&after), [None, some("key-8"), None, some("key-9"), some("new"), None, some("twice"), None]);
    assert_eq!(after.by_id("key-8").unwrap().scopes, "changed");
    assert_eq!(before.by_id("key-8").unwrap().scopes, "");
    assert!(after.by_id("key-7").is_none());
    assert_eq!((before.len(), after.len(), after.iter().count()), (1_000, 1_001, 1_001));

    // A key takes over the token of one that goes in the same step, and of one that does not.
    let (moved, found) = after.with_changes([KeyChange::Remove("key-1"), KeyChange::Put(Key::new("heir", digest(1)))]);
    assert_eq!((whose(&moved, 1), found), (some("heir"), vec![]));
    let (stolen, found) = after.with_changes([KeyChange::Put(Key::new("thief", digest(2)))]);
    assert_eq!(whose(&stolen, 2), None);
    let both = ["key-2", "thief"].map(|id| (id.to_owned(), KeyringError::DuplicateToken));
    assert_eq!(problems(found), both);
    let (spoiled, found) = after.with_changes([KeyChange::Spoil("odd", Some(digest(3)))]);
    assert_eq!((whose(&spoiled, 3), problems(found)), (None, vec![("key-3".to_owned(), KeyringError::DuplicateToken)]));
    let (spoiled, found) = after
        .with_changes([KeyChange::Spoil("new", None), KeyChange::Put(Key::new("key-4", digest(4)).scopes("a  b"))]);
    assert_eq!((whose(&spoiled, 5_000), whose(&spoiled, 4)), (None, None));
    assert_eq!(problems(found), [("key-4".to_owned(), KeyringError::Scopes)]);
}

/// More changes than are kept beside the keys.
#[test]
fn many_changes_are_worked_in() {
    let mut table = table(1_000);
    let mut made_anew = 0;
    for n in 0..1_000 {
        let (id, new) = (format!("key-{n}"), format!("new-{n}"));
        let (next, found) =
            table.with_changes([KeyChange::Remove(&id), KeyChange::Put(Key::new(&new, digest(10_000 + n)))]);
        assert!(found.is_empty());
        made_anew += u32::from(!next.shares_places(&table));
        table = next;
        for at in [0, n / 2, n] {
            assert_eq!((whose(&table, at), whose(&table, 10_000 + at)), (None, Some(format!("new-{at}"))));
        }
        assert_eq!(whose(&table, 999).is_some(), n < 999);
    }
    assert_eq!(table.len(), 1_000);
    assert!((5..50).contains(&made_anew), "{made_anew}");
}

#[test]
fn a_snapshot_holds_everything() {
    let mut rows = KeyTableBuilder::new();
    rows.push(&Key::new("plain", digest(0)));
    rows.push(&Key::new("all", digest(1)).principal("somebody").scopes("a b").not_before(1).not_after(u64::MAX - 1));
    rows.push(&Key::new("\u{e9}t\u{e9}", digest(2)).scopes("a b"));
    rows.spoil("odd", None);
    let (table, _) = rows.finish_leniently();
    let (table, _) = table.with_changes([KeyChange::Remove("plain"), KeyChange::Put(Key::new("fresh", digest(3)))]);
    let (read, found) = KeyTable::from_blob(&table.to_blob()).unwrap();
    assert_eq!(found, []);
    let keys = |table: &KeyTable| {
        let shown = |key: Key<&str>| format!("{key:?} {:?}", key.digest.to_bytes());
        table.iter().map(|key| (key.id.to_owned(), shown(key))).collect::<BTreeMap<_, _>>()
    };
    assert_eq!(keys(&read), keys(&table));
    assert_eq!(read.len(), 3);
    assert_eq!(KeyTable::from_blob(&KeyTable::default().to_blob()).unwrap().0.len(), 0);
}

#[test]
fn what_is_no_snapshot() {
    let blob = table(20).to_blob();
    let error = |blob: &[u8]| KeyTable::from_blob(blob).unwrap_err();
    assert_eq!(error(b""), KeyBlobError::Kind);
    assert_eq!(error(b"id,digest\n"), KeyBlobError::Kind);
    for len in 11..blob.len() {
        assert_eq!(error(&blob[..len]), KeyBlobError::Damaged, "cut to {len}");
    }
    for at in 0..blob.len() {
        let mut changed = blob.clone();
        changed[at] ^= 1 << (at % 8);
        let expected = match at {
            0..11 => KeyBlobError::Kind,
            11 => KeyBlobError::Version,
            _ => KeyBlobError::Damaged,
        };
        assert_eq!(error(&changed), expected, "byte {at}");
    }
}

#[test]
fn nothing_secret_is_printed() {
    let table = table(3);
    assert_eq!(format!("{table:?}"), "KeyTable(3 keys)");
    let mut rows = KeyTableBuilder::new();
    rows.push(&Key::new("a", digest(0)));
    rows.spoil("b", Some(digest(1)));
    let hex = String::from_utf8(digest(0).to_hex().to_vec()).unwrap();
    let shown = format!("{rows:?} {:?} {:?}", table.verify(b"token 0", 0), KeyChange::Spoil("b", Some(digest(0))));
    assert!(shown.contains("Digest(..)") && !shown.contains(&hex[..8]), "{shown}");
}

/// A row of a store, of few different ids and digests.
type Row = (u8, u8, bool);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec((0_u8..12, 0_u8..12, prop::bool::weighted(0.9)), 0..30)
}

fn push<'r>(rows: &[Row], ids: &'r [String]) -> Vec<(&'r str, Digest, bool)> {
    rows.iter().map(|&(id, token, good)| (&*ids[usize::from(id)], digest(token.into()), good)).collect()
}

/// Who is admitted by each token where nobody's row is in doubt: by looking at every pair.
fn model(rows: &[Row]) -> BTreeMap<u8, u8> {
    let alone = |at: usize, row: &Row| {
        rows.iter().enumerate().all(|(other, that)| other == at || that.0 != row.0 && that.1 != row.1)
    };
    rows.iter().enumerate().filter(|(at, row)| row.2 && alone(*at, row)).map(|(_, row)| (row.1, row.0)).collect()
}

fn admitted(table: &KeyTable) -> BTreeMap<u8, u8> {
    let id = |n: u8| whose(table, n.into()).map(|id| (n, id.strip_prefix("id-").unwrap().parse().unwrap()));
    (0..12).filter_map(id).collect()
}

fn ids() -> Vec<String> {
    (0..12).map(|n| format!("id-{n}")).collect()
}

proptest! {
    #[test]
    fn rows_are_taken_as_by_the_model(rows in rows()) {
        let ids = ids();
        let mut builder = KeyTableBuilder::new();
        for (id, digest, good) in push(&rows, &ids) {
            if good { builder.push(&Key::new(id, digest)) } else { builder.spoil(id, Some(digest)) }
        }
        let (table, _) = builder.finish_leniently();
        prop_assert_eq!(admitted(&table), model(&rows));
        let (read, found) = KeyTable::from_blob(&table.to_blob()).unwrap();
        prop_assert_eq!((admitted(&read), found), (model(&rows), vec![]));
    }

    /// After any changes the table admits nobody that all of the rows, loaded anew, would not; and all that they would, unless
    /// something was in doubt on the way.
    #[test]
    fn changes_never_admit_more_than_loading_anew(
        first in rows(),
        steps in prop::collection::vec(prop::collection::vec((0_u8..12, prop::option::of((0_u8..12, prop::bool::weighted(0.95)))), 1..4), 0..12),
    ) {
        let ids = ids();
        // A store has one row of each id.
        let mut store: BTreeMap<u8, (u8, bool)> = first.iter().map(|row| (row.0, (row.1, row.2))).collect();
        let rows_of = |store: &BTreeMap<u8, (u8, bool)>| store.iter().map(|(&id, &(token, good))| (id, token, good)).collect::<Vec<Row>>();
        let mut builder = KeyTableBuilder::new();
        for (id, digest, good) in push(&rows_of(&store), &ids) {
            if good { builder.push(&Key::new(id, digest)) } else { builder.spoil(id, Some(digest)) }
        }
        let (mut table, _) = builder.finish_leniently();
        let mut doubt = model(&rows_of(&store)).len() != store.len();
        for step in steps {
            let mut changes = Vec::new();
            for (id, row) in step {
                let name = ids[usize::from(id)].as_str();
                match row {
                    None => { store.remove(&id); changes.push(KeyChange::Remove(name)); }
                    Some((token, true)) => { store.insert(id, (token, true)); changes.push(KeyChange::Put(Key::new(name, digest(token.into())))); }
                    Some((token, false)) => { store.insert(id, (token, false)); changes.push(KeyChange::Spoil(name, Some(digest(token.into())))); }
                }
            }
            table = table.with_changes(changes).0;
            let anew = model(&rows_of(&store));
            doubt |= anew.len() != store.len();
            let found = admitted(&table);
            if doubt {
                prop_assert!(found.iter().all(|(token, id)| anew.get(token) == Some(id)), "{:?} {:?}", found, anew);
            } else {
                prop_assert_eq!(found, anew);
            }
        }
    }

    #[test]
    fn no_bytes_make_it_panic(mut body in prop::collection::vec(any::<u8>(), 0..200), scopes in 0_u8..3) {
        // With a right beginning and a right checksum, so that all of it is read.
        let mut blob = b"sallet-keys\x01".to_vec();
        blob.extend([scopes, 0, 0, 0]);
        blob.append(&mut body);
        blob.extend(Digest::of(&blob).to_bytes());
        let _ = KeyTable::from_blob(&blob);
    }
}
