//! Very many keys, and tokens of some of them.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use sallet_core::auth::{IndexedKeyring, Key, KeyChange, KeyTable, KeyTableBuilder};
use sallet_core::secret::Digest;

/// The token of a key: as long as a minted one, and made quickly enough that it does not show.
pub fn token(n: u32) -> [u8; 53] {
    let mut token = *b"slt_0123456789abcdefghijklmnopqrstuvwxyzABCD_00000000";
    let mut rest = n;
    for digit in token[45..].iter_mut().rev() {
        *digit = b'0' + u8::try_from(rest % 10).expect("a digit");
        rest /= 10;
    }
    token
}

/// With 26 bytes of names.
fn names(n: u32) -> (String, String) {
    (format!("key-{n:08}"), format!("customer-{:05}", n / 10))
}

fn key(n: u32) -> Key<String> {
    let (id, principal) = names(n);
    Key {
        id,
        principal,
        scopes: "items:read items:write".to_owned(),
        not_before: None,
        not_after: None,
        digest: Digest::of(&token(n)),
    }
}

/// A ring without a heap of its own.
pub fn indexed(count: u32) -> IndexedKeyring<Vec<Key<String>>, Vec<u32>> {
    let keys: Vec<_> = (0..count).map(key).collect();
    let room = vec![0; IndexedKeyring::room(keys.len())];
    IndexedKeyring::try_new(keys, room).expect("good keys")
}

/// A table.
pub fn table(count: u32) -> KeyTable {
    let mut rows = KeyTableBuilder::new();
    (0..count).for_each(|n| rows.push(&key(n).borrowed()));
    rows.finish().expect("good keys")
}

/// Numbers below a limit, all over it: the same each time.
pub fn numbers(limit: u32) -> impl FnMut() -> u32 {
    let mut state = 1_u64;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(((state >> 32) * u64::from(limit)) >> 32).expect("below the limit")
    }
}

/// How long this thread has been computing, which others on the machine change little; where nobody says so, the time.
fn on_cpu() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = stat.and_then(|stat| stat.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

/// What it costs to make and to change a table of so many keys, for a reader of the report.
pub fn print_costs(count: u32) {
    // In no order; 7919 is prime.
    let keys: Vec<_> =
        (0..count).map(|n| key(u32::try_from(u64::from(n) * 7919 % u64::from(count)).expect("below"))).collect();
    let millis = |start: Duration| (on_cpu() - start).as_secs_f64() * 1e3;

    let start = on_cpu();
    let mut rows = KeyTableBuilder::new();
    keys.iter().for_each(|key| rows.push(&key.borrowed()));
    let (table, _) = rows.finish_leniently();
    println!("    {count} keys from rows: {:.0} ms, {} in force", millis(start), table.len());
    println!("    {:.1} bytes a key", table.memory() as f64 / table.len() as f64);

    let start = on_cpu();
    let blob = table.to_blob();
    println!("    written as a snapshot of {} bytes: {:.0} ms", blob.len(), millis(start));
    let start = on_cpu();
    let (read, _) = KeyTable::from_blob(&blob).expect("a snapshot");
    println!("    and read: {:.0} ms, {} keys", millis(start), read.len());

    let (mut table, mut slowest, start) = (read, 0.0_f64, on_cpu());
    let changes = 10_000_u32.min(count);
    for n in 0..changes {
        let one = on_cpu();
        table = table.with_changes([KeyChange::Remove(&names(n).0)]).0;
        slowest = slowest.max(millis(one));
    }
    println!(
        "    {changes} revocations: {:.1} us each, {slowest:.0} ms the slowest",
        millis(start) * 1e3 / f64::from(changes)
    );
    let (mut slowest, start) = (0.0_f64, on_cpu());
    for n in 0..changes {
        let one = on_cpu();
        table = table.with_changes([KeyChange::Put(key(count + n).borrowed())]).0;
        slowest = slowest.max(millis(one));
    }
    println!(
        "    {changes} new keys: {:.1} us each, {slowest:.0} ms the slowest",
        millis(start) * 1e3 / f64::from(changes)
    );
}
